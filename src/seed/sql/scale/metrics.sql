-- Six projects of a unit are measured every minute of the last 24 hours, the others every hour of the last 14.
-- Chance is arithmetic here: a hash for each figure would cost as much as the rows.
INSERT INTO platform.project_metrics (
    id, project_id, organization_id, "timestamp", cpu_usage, memory_usage, disk_io_budget, disk_usage_gb,
    network_in_bytes, network_out_bytes, active_connections, query_count, created_at)
SELECT pg_temp.seed_id('scale metric', format('%s/%s', p.n, t.minute)), p.id, p.organization_id, t.at,
       5 + (p.n * 17 + t.minute * 7) % 83 + 0.25, 20 + (p.n * 11 + t.minute / 9) % 70 + 0.5, 100 - (p.n + t.minute) % 60,
       2 + p.n % 6 + t.minute / 1000.0,
       20000 + (p.n * 7919 + t.minute * 4099) % 900000, 60000 + (p.n * 6133 + t.minute * 7001) % 2900000,
       1 + (p.n + t.minute * 3) % 57, (p.n * 29 + t.minute * 13) % 4001, t.at
FROM (
    SELECT * FROM project
    WHERE NOT EXISTS (SELECT FROM platform.project_metrics m WHERE m.project_id = project.id)
) p
CROSS JOIN LATERAL (
    SELECT minute, pg_temp.seed_now() - (1440 - minute) * interval '1 minute' AS at
    FROM generate_series(CASE WHEN p.place <= 6 THEN 1 ELSE 600 + 60 * (p.n % 10) / 10 END, 1440,
                         CASE WHEN p.place <= 6 THEN 1 ELSE 60 END) AS minute
) t;
