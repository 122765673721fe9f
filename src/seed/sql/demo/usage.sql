-- What each project used, day by day of this month and the last.
INSERT INTO platform.usage_metrics (
    id, organization_id, project_id, metric_type, metric_value, unit, period_start, period_end, cost, idempotency_key,
    created_at)
SELECT pg_temp.seed_id('usage', sample.name), p.organization_id, p.id, v.metric, sample.value, v.unit,
       day.start, day.start + interval '1 day', round(sample.value * v.rate, 4), 'demo/' || sample.name,
       day.start + interval '1 day'
FROM project_list l
JOIN platform.projects p ON p.id = l.id
CROSS JOIN LATERAL generate_series(
    greatest(date_trunc('month', pg_temp.seed_day(), 'UTC') - interval '1 month', date_trunc('day', l.created_at, 'UTC')),
    pg_temp.seed_day() - interval '1 day', interval '1 day') AS day (start)
-- base: of a project with load 1; swing: how much a day differs from the next; digits: of what is counted there are none.
CROSS JOIN (VALUES
    ('EGRESS',                    'GB',       9.5,    0.6, 3, 0.0),
    ('DATABASE_SIZE',             'GB',       6.2,    0.0, 3, 0.0),
    ('STORAGE_SIZE',              'GB',       38.0,   0.0, 3, 0.0),
    ('MONTHLY_ACTIVE_USERS',      'users',    3200,   0.1, 0, 0.0),
    ('FUNCTION_INVOCATIONS',      'calls',    41000,  0.5, 0, 0.000002),
    ('REALTIME_MESSAGE_COUNT',    'messages', 120000, 0.7, 0, 0.0000025),
    ('REALTIME_PEAK_CONNECTIONS', 'connections', 180, 0.4, 0, 0.0),
    ('COMPUTE_HOURS',             'hours',    24,     0.0, 0, 0.0)
) AS v (metric, unit, base, swing, digits, rate)
CROSS JOIN LATERAL (
    SELECT format('%s/%s/%s', l.path, v.metric, to_char(day.start, 'YYYY-MM-DD')) AS name,
           round((CASE v.metric WHEN 'COMPUTE_HOURS' THEN 24 ELSE
               v.base * l.load::float8
               -- Sizes grow a little every day.
               * CASE WHEN v.metric LIKE '%\_SIZE' THEN 1 + extract(epoch FROM day.start - l.created_at) / 86400 * 0.002 ELSE 1 END
               * (1 + v.swing * (pg_temp.seed_noise(format('%s/%s/%s', l.path, v.metric, day.start::date)) - 0.5)) END)::numeric,
               v.digits) AS value
    OFFSET 0 -- so that they are computed once a row
) sample
WHERE l.status NOT IN ('coming_up', 'init_failed', 'inactive')
  AND (l.status <> 'paused' OR v.metric IN ('DATABASE_SIZE', 'STORAGE_SIZE'))
ON CONFLICT DO NOTHING;
