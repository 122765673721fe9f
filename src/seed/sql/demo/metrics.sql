-- How the machines were doing: the shop every minute of the last day and a half, all others (and the shop before that)
-- every five minutes of the last seven days. The shop has an hour's gap, some hours ago: nothing was measured then.
INSERT INTO platform.project_metrics (
    id, project_id, organization_id, "timestamp", cpu_usage, memory_usage, disk_io_budget, disk_usage_gb,
    network_in_bytes, network_out_bytes, active_connections, query_count, created_at)
SELECT pg_temp.seed_id('metric', l.path || '@' || s.epoch), p.id, p.organization_id, t.at,
       round((least(97, 8 + 38 * l.load * s.tide + 14 * s.noise))::numeric, 2),
       round((least(95, 34 + 20 * l.load + 6 * s.tide + 3 * s.noise))::numeric, 2),
       round((100 - least(90, 45 * l.load * s.tide * s.noise))::numeric, 2),
       round((l.disk_gb * (0.35 + 0.2 * l.load / 2) + s.epoch % 604800 / 604800.0)::numeric, 2),
       (s.seconds * l.load * (9000 + 26000 * s.tide + 8000 * s.noise))::bigint,
       (s.seconds * l.load * (30000 + 91000 * s.tide + 21000 * s.noise))::bigint,
       (3 + 55 * l.load * s.tide + 9 * s.noise)::int,
       (s.seconds * l.load * (12 + 70 * s.tide + 20 * s.noise))::int,
       t.at
FROM project_list l
JOIN platform.projects p ON p.id = l.id
CROSS JOIN LATERAL (
    SELECT g AS at, 60 AS seconds
    FROM generate_series(pg_temp.seed_day() - interval '24 hours', pg_temp.seed_now(), interval '1 minute') g
    WHERE l.path = 'acme/shop'
    UNION ALL
    SELECT g, 300
    FROM generate_series(pg_temp.seed_day() - interval '7 days', pg_temp.seed_now(), interval '5 minutes') g
    WHERE (l.path <> 'acme/shop' OR g < pg_temp.seed_day() - interval '24 hours')
      -- A paused machine is measured no more.
      AND (l.status <> 'paused' OR g < pg_temp.seed_day() - interval '3 days')
) t
CROSS JOIN LATERAL (
    SELECT extract(epoch FROM t.at)::bigint AS epoch, t.seconds,
           -- Low at four in the morning, high in the afternoon.
           (1 - cos(2 * pi() * (extract(hour FROM t.at) + extract(minute FROM t.at) / 60.0 - 4) / 24))::float8 / 2 AS tide,
           pg_temp.seed_noise(l.path || extract(epoch FROM t.at)) AS noise
    OFFSET 0 -- so that it is computed once a row and not wherever it is used
) s
WHERE l.status NOT IN ('coming_up', 'init_failed', 'inactive')
  AND NOT (l.path = 'acme/shop' AND t.at >= date_trunc('hour', pg_temp.seed_now()) - interval '6 hours'
           AND t.at < date_trunc('hour', pg_temp.seed_now()) - interval '5 hours')
ON CONFLICT DO NOTHING;
