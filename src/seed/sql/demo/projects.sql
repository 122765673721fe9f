INSERT INTO platform.projects (
    id, organization_id, name, ref, slug, status, region, database_host, database_port, database_name, database_user,
    database_password_sealed, postgres_meta_url, supabase_url, created_at, updated_at)
SELECT id, organization_id, name, ref, slug, status, region, format('db.%s.ogelbase.test', ref), 5432, 'postgres', 'postgres',
       pg_temp.given('project/' || path), format('https://meta.%s.ogelbase.test', ref), format('https://%s.ogelbase.test', ref),
       created_at, created_at
FROM project_list
ON CONFLICT DO NOTHING;

INSERT INTO platform.compute_config (
    id, project_id, organization_id, instance_size, cpu_cores, memory_gb, created_at, updated_at)
SELECT pg_temp.seed_id('compute', l.path), p.id, p.organization_id, l.size,
       (c.metadata->>'cpu_cores')::numeric, (c.metadata->>'memory_gb')::numeric, l.created_at, l.created_at
FROM project_list l
JOIN platform.projects p ON p.id = l.id
JOIN platform.addon_catalog c ON c.addon_id = 'compute_instance' AND c.variant = 'ci_' || l.size
ON CONFLICT DO NOTHING;

-- The busy ones grow by themselves, the busiest on provisioned IOPS.
INSERT INTO platform.disk_config (
    id, project_id, organization_id, type, size_gb, io_budget, throughput_mbps, autoscale_enabled,
    autoscale_growth_percent, autoscale_min_increment_gb, autoscale_max_size_gb, last_modified_at, created_at, updated_at)
SELECT pg_temp.seed_id('disk', l.path), p.id, p.organization_id,
       CASE WHEN l.load > 1.5 THEN 'io2' ELSE 'gp3' END, l.disk_gb,
       CASE WHEN l.load > 1.5 THEN 16000 WHEN l.load >= 1 THEN 6000 ELSE 3000 END,
       CASE WHEN l.load <= 1.5 THEN CASE WHEN l.load >= 1 THEN 250 ELSE 125 END END,
       l.load >= 0.4,
       CASE WHEN l.load >= 0.4 THEN 50 END, CASE WHEN l.load >= 0.4 THEN 4 END,
       CASE WHEN l.load >= 0.4 THEN l.disk_gb * 8 END,
       CASE WHEN l.disk_gb > 8 THEN pg_temp.seed_day() - interval '45 days' END, l.created_at, l.created_at
FROM project_list l
JOIN platform.projects p ON p.id = l.id
ON CONFLICT DO NOTHING;

INSERT INTO platform.project_members (
    id, project_id, organization_id, user_id, role, added_by, created_at, updated_at)
SELECT pg_temp.seed_id('project_member', v.project || '/' || v.email), p.id, p.organization_id, m.user_id, v.role,
       pg_temp.seed_id('user', CASE WHEN v.project LIKE 'acme/%' THEN 'admin@acme.test' ELSE 'outsider@globex.test' END),
       added.at, added.at
FROM (VALUES
    ('acme/shop',        'paula@acme.test',     'owner'),
    ('acme/shop',        'peter@acme.test',     'admin'),
    ('acme/shop',        'petra@acme.test',     'developer'),
    ('acme/shop',        'developer@acme.test', 'developer'),
    ('acme/shop',        'pia@acme.test',       'read_only'),
    ('acme/shop',        'mina@acme.test',      'developer'),
    ('acme/api',         'developer@acme.test', 'developer'),
    ('acme/api',         'both@acme.test',      'read_only'),
    ('acme/api',         'boris@acme.test',     'admin'),
    ('acme/analytics',   'elena@acme.test',     'owner'),
    ('acme/analytics',   'felix@acme.test',     'developer'),
    ('acme/analytics',   'chiara@acme.test',    'read_only'),
    ('acme/staging',     'jonas@acme.test',     'owner'),
    ('acme/staging',     'developer@acme.test', 'developer'),
    ('acme/staging',     'petra@acme.test',     'developer'),
    ('acme/mobile',      'felix@acme.test',     'owner'),
    ('acme/mobile',      'giulia@acme.test',    'developer'),
    ('acme/warehouse',   'elena@acme.test',     'admin'),
    ('acme/warehouse',   'david@acme.test',     'read_only'),
    ('acme/legacy',      'hugo@acme.test',      'read_only'),
    ('globex/reactor',   'hanna@globex.test',   'owner'),
    ('globex/reactor',   'both@acme.test',      'developer'),
    ('globex/website',   'gwen@globex.test',    'developer'),
    ('globex/archive',   'gwen@globex.test',    'read_only')
) AS v (project, email, role)
JOIN project_list l ON l.path = v.project
JOIN platform.projects p ON p.id = l.id
JOIN platform.organization_members m
    ON m.organization_id = p.organization_id AND m.user_id = pg_temp.seed_id('user', v.email)
CROSS JOIN LATERAL (SELECT greatest(l.created_at, m.joined_at) + interval '2 hours' AS at) added
ON CONFLICT DO NOTHING;
