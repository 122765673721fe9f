INSERT INTO platform.feature_flags (
    id, flag_key, flag_name, description, enabled, rollout_percentage, created_at, updated_at)
SELECT pg_temp.seed_id('flag', v.key), v.key, v.name, v.description, v.enabled, v.percentage,
       pg_temp.seed_day() - v.days * interval '1 day', pg_temp.seed_day() - v.days * interval '1 day'
FROM (VALUES
    ('new-dashboard',   'New dashboard',     'The start page with usage and health',            true,  100, 200),
    ('branching',       'Branching',         'A database of its own for each branch',           true,  25,  90),
    ('ai-assistant',    'Assistant',         'Writes SQL from a question',                      true,  50,  60),
    ('log-explorer-v2', 'Log explorer 2',    'Search over all logs of a project',               true,  10,  30),
    ('read-replicas',   'Read replicas',     'Replicas in other regions; by override only',     true,  0,   45),
    ('legacy-invoices', 'Invoices as before', 'The invoice page of before the change; retired', false, 100, 350)
) AS v (key, name, description, enabled, percentage, days)
ON CONFLICT DO NOTHING;

-- Overrides win both ways: on where the rollout has not come yet, off where it has.
INSERT INTO platform.organization_feature_flags (id, organization_id, flag_id, enabled, created_at, updated_at)
SELECT pg_temp.seed_id('flag_override', v.organization || '/' || v.key), o.id, f.id, v.enabled,
       pg_temp.seed_day() - interval '25 days', pg_temp.seed_day() - interval '25 days'
FROM (VALUES
    ('acme',   'branching',     true),
    ('acme',   'read-replicas', true),
    ('acme',   'ai-assistant',  false),
    ('globex', 'new-dashboard', false),
    ('globex', 'branching',     true)
) AS v (organization, key, enabled)
JOIN organization_list o ON o.slug = v.organization
JOIN platform.feature_flags f ON f.flag_key = v.key
ON CONFLICT DO NOTHING;
