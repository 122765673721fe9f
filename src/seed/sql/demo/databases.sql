INSERT INTO platform.databases (
    id, project_id, organization_id, name, type, connection_string_sealed, host, port, config, status, is_primary,
    last_health_check_at, health_check_latency_ms, health_check_error, created_by, created_at, updated_at)
SELECT l.id, p.id, p.organization_id, l.name, l.type, pg_temp.given('database/' || l.path), l.host, l.port,
       CASE l.type WHEN 'postgres' THEN '{"pool_size": 15, "ssl_mode": "require"}' ELSE '{}' END::jsonb,
       l.status, l.is_primary,
       CASE WHEN l.status NOT IN ('pending', 'disabled') THEN pg_temp.seed_day() END, l.latency, l.error, u.id,
       l.created_at, l.created_at
FROM database_list l
JOIN platform.projects p ON p.id = l.project_id
LEFT JOIN platform.users u ON u.id = l.created_by
ON CONFLICT DO NOTHING;

-- Every half hour of the last seven days.
INSERT INTO platform.database_metrics (id, database_id, organization_id, metric_type, value, "timestamp", created_at)
SELECT pg_temp.seed_id('database_metric', sample.name), d.id, d.organization_id, v.metric,
       round((v.base * (CASE v.metric WHEN 'cache_hit_ratio' THEN 1 ELSE l.load::float8 END)
              * (1 - v.swing * pg_temp.seed_noise(sample.name)))::numeric, 4),
       t.at, t.at
FROM database_list l
JOIN platform.databases d ON d.id = l.id
CROSS JOIN generate_series(pg_temp.seed_day() - interval '7 days', pg_temp.seed_now(), interval '30 minutes') AS t (at)
CROSS JOIN (VALUES
    ('connections',             60.0,    0.5),
    ('database_size_bytes',     6.6e9,   0.01),
    ('cache_hit_ratio',         0.998,   0.02),
    ('transactions_per_second', 240.0,   0.7),
    ('latency_ms',              9.0,     0.6)
) AS v (metric, base, swing)
CROSS JOIN LATERAL (SELECT format('%s/%s@%s', l.path, v.metric, extract(epoch FROM t.at)) AS name OFFSET 0) sample
WHERE l.status IN ('healthy', 'unhealthy')
ON CONFLICT DO NOTHING;

-- Registered, then checked every six hours of the last days; the rest by hand.
INSERT INTO platform.database_connection_logs (
    id, database_id, project_id, organization_id, event_type, message, latency_ms, user_id, created_at)
SELECT pg_temp.seed_id('connection_log', format('%s/%s/%s', l.path, e.event, e.at)), d.id, d.project_id, d.organization_id,
       e.event, e.message, e.latency, u.id, e.at
FROM database_list l
JOIN platform.databases d ON d.id = l.id
CROSS JOIN LATERAL (
    SELECT 'connected' AS event, 'registered' AS message, 12 AS latency, l.created_by AS user_id, l.created_at AS at
    WHERE l.status <> 'pending'
    UNION ALL
    SELECT CASE WHEN l.latency IS NULL THEN 'failed' ELSE 'health_check' END, l.error,
           l.latency + floor(3 * pg_temp.seed_noise(l.path || t.at))::int, NULL, t.at
    FROM generate_series(pg_temp.seed_day() - interval '3 days', pg_temp.seed_day(), interval '6 hours') AS t (at)
    WHERE l.status NOT IN ('pending', 'disabled')
    UNION ALL
    SELECT 'rotated', 'password changed', 15, l.created_by, pg_temp.seed_day() - interval '40 days'
    WHERE l.is_primary AND l.status = 'healthy'
    UNION ALL
    SELECT 'revealed', NULL, NULL, l.created_by, pg_temp.seed_day() - interval '9 days 5 hours'
    WHERE l.is_primary AND l.status = 'healthy'
) e
LEFT JOIN platform.users u ON u.id = e.user_id
ON CONFLICT DO NOTHING;
