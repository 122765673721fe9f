-- Who and what the demo consists of. The files after this one read these lists.

-- Of those only that are missing, so that one that is there stays as people have made it.
CREATE TEMP TABLE organization_list ON COMMIT DROP AS
SELECT pg_temp.seed_id('organization', slug) AS id, slug, name, billing_email,
       pg_temp.seed_day() - days * interval '1 day' AS created_at
FROM (VALUES
    ('acme',   'Acme Industries',    'billing@acme.test',    400),
    ('globex', 'Globex Corporation', 'accounts@globex.test', 380)
) AS v (slug, name, billing_email, days)
WHERE NOT EXISTS (SELECT FROM platform.organizations o WHERE o.id = pg_temp.seed_id('organization', v.slug));

-- kind: how the account stands. Roles are in people.sql and projects.sql. Those who are there already are in the list
-- too, because an organization that is missing may have them as members.
CREATE TEMP TABLE person_list ON COMMIT DROP AS
SELECT pg_temp.seed_id('user', email) AS id, email, first_name, last_name, kind,
       pg_temp.seed_day() - days * interval '1 day' AS created_at,
       NOT EXISTS (SELECT FROM platform.users u WHERE u.id = pg_temp.seed_id('user', v.email)) AS is_new
FROM (VALUES
    ('owner@acme.test',      'Olivia',  'Owens',      'demo', 401),
    ('admin@acme.test',      'Adam',    'Adler',      'demo', 398),
    ('developer@acme.test',  'Dana',    'Devlin',     'demo', 380),
    ('billing@acme.test',    'Bianca',  'Bill',       'demo', 375),
    ('member@acme.test',     'Milo',    'Member',     'demo', 300),
    ('both@acme.test',       'Bo',      'Bothwell',   'demo', 360),
    ('outsider@globex.test', 'Otto',    'Outsider',   'demo', 381),
    ('paula@acme.test',      'Paula',   'Pfeiffer',   'demo', 350),
    ('peter@acme.test',      'Peter',   'Poulsen',    'demo', 340),
    ('petra@acme.test',      'Petra',   'Pavlova',    'demo', 330),
    ('pia@acme.test',        'Pia',     'Pettersson', 'demo', 320),
    ('alice@acme.test',      'Alice',   'Andersen',   'demo', 310),
    ('bruno@acme.test',      'Bruno',   'Bianchi',    'demo', 295),
    ('chiara@acme.test',     'Chiara',  'Conti',      'demo', 280),
    ('david@acme.test',      'David',   'Dubois',     'demo', 260),
    ('elena@acme.test',      'Elena',   'Esposito',   'demo', 240),
    ('felix@acme.test',      'Felix',   'Fischer',    'demo', 215),
    ('giulia@acme.test',     'Giulia',  'Greco',      'demo', 190),
    ('hugo@acme.test',       'Hugo',    'Haas',       'demo', 160),
    ('ines@acme.test',       'Inés',    'Ibáñez',     'demo', 120),
    ('jonas@acme.test',      'Jonas',   'Jensen',     'demo',  90),
    ('klara@acme.test',      'Klára',   'Kovář',      'demo',  60),
    ('leo@acme.test',        'Leo',     'Lindqvist',  'demo',  21),
    ('mina@acme.test',       'Mina',    'Mäkinen',    'second factor', 200),
    ('nora@acme.test',       'Nora',    'Novak',      'outside issuer', 100),
    ('boris@acme.test',      'Boris',   'Baran',      'banned', 180),
    ('former@acme.test',     'Franz',   'Former',     'deleted', 390),
    ('hanna@globex.test',    'Hanna',   'Holm',       'demo', 370),
    ('greta@globex.test',    'Greta',   'Garcia',     'demo', 350),
    ('gus@globex.test',      'Gus',     'Grant',      'demo', 330),
    ('gwen@globex.test',     'Gwen',    'Gallagher',  'demo', 150)
) AS v (email, first_name, last_name, kind, days);

-- load: how busy it is, against the shop; the series and the usage follow it.
CREATE TEMP TABLE project_list ON COMMIT DROP AS
SELECT pg_temp.seed_id('project', v.organization || '/' || v.slug) AS id, o.id AS organization_id,
       v.organization || '/' || v.slug AS path, v.slug, v.name, ref, status, region, size, disk_gb, load,
       pg_temp.seed_day() - days * interval '1 day' AS created_at
FROM (VALUES
    ('acme',   'shop',      'Shop',             'acmeshopqkzvtrwmplsd', 'active_healthy',   'eu-central-1',   'large',   64, 1.00, 395),
    ('acme',   'api',       'Public API',       'acmeapixnvbyhtuqwerk', 'active_healthy',   'eu-central-1',   'small',   16, 0.45, 370),
    ('acme',   'analytics', 'Analytics',        'acmeanalyticszkdhwvb', 'active_unhealthy', 'us-east-1',      '2xlarge', 512, 1.60, 240),
    -- Nobody is a member of it: only the organization's owner and admin reach it.
    ('acme',   'payroll',   'Payroll',          'acmepayrollhgtrwnbvc', 'active_healthy',   'eu-central-2',   'micro',   8, 0.15, 300),
    ('acme',   'staging',   'Shop (staging)',   'acmestagingplmoknijb', 'paused',           'eu-central-1',   'nano',    8, 0.10, 380),
    ('acme',   'mobile',    'Mobile app',       'acmemobileuhygtfrdes', 'coming_up',        'eu-west-1',      'micro',   8, 0.05, 1),
    ('acme',   'warehouse', 'Warehouse',        'acmewarehousewsxqaze', 'upgrading',        'ap-southeast-1', 'medium',  32, 0.30, 120),
    ('acme',   'legacy',    'Legacy storefront', 'acmelegacyrfvtgbyhnu', 'inactive',        'local',          'nano',    8, 0.02, 399),
    ('globex', 'reactor',   'Reactor control',  'globexreactorjmikolp', 'active_healthy',   'us-west-1',      'small',   24, 0.70, 375),
    ('globex', 'website',   'Website',          'globexwebsitezaqwsxc', 'active_healthy',   'us-east-1',      'micro',   8, 0.35, 365),
    ('globex', 'archive',   'Archive',          'globexarchivederfvbg', 'paused',           'us-west-1',      'nano',    8, 0.05, 350),
    ('globex', 'prototype', 'Prototype',        'globexprototypetyhnm', 'init_failed',      'us-east-1',      'nano',    8, 0.00, 12)
) AS v (organization, slug, name, ref, status, region, size, disk_gb, load, days)
JOIN organization_list o ON o.slug = v.organization;

CREATE TEMP TABLE database_list ON COMMIT DROP AS
SELECT pg_temp.seed_id('database', v.project || '/' || v.name) AS id, p.id AS project_id, p.organization_id,
       v.project || '/' || v.name AS path, v.name, v.type, v.status, v.is_primary, v.latency, v.error, p.load,
       CASE v.type WHEN 'postgres' THEN 'db.' WHEN 'redis' THEN 'cache.' ELSE 'events.' END || p.ref || '.ogelbase.test' AS host,
       CASE v.type WHEN 'postgres' THEN 5432 WHEN 'redis' THEN 6379 ELSE 27017 END AS port,
       pg_temp.seed_id('user', v.created_by) AS created_by,
       p.created_at + interval '2 hours' AS created_at
FROM (VALUES
    ('acme/shop',       'primary',  'postgres', 'healthy',     true,  4, NULL, 'paula@acme.test'),
    ('acme/shop',       'sessions', 'redis',    'healthy',     false, 1, NULL, 'peter@acme.test'),
    ('acme/shop',       'events',   'mongodb',  'unhealthy',   false, 812, 'the answer took longer than 500 ms', 'petra@acme.test'),
    ('acme/api',        'primary',  'postgres', 'healthy',     true,  6, NULL, 'admin@acme.test'),
    ('acme/analytics',  'primary',  'postgres', 'unreachable', true,  NULL, 'no connection within 5 s', 'elena@acme.test'),
    ('acme/payroll',    'primary',  'postgres', 'healthy',     true,  3, NULL, 'owner@acme.test'),
    ('acme/staging',    'primary',  'postgres', 'disabled',    true,  NULL, NULL, 'developer@acme.test'),
    ('acme/warehouse',  'primary',  'postgres', 'pending',     true,  NULL, NULL, 'admin@acme.test'),
    ('globex/reactor',  'primary',  'postgres', 'healthy',     true,  5, NULL, 'greta@globex.test'),
    ('globex/reactor',  'readings', 'redis',    'healthy',     false, 2, NULL, 'both@acme.test'),
    ('globex/website',  'primary',  'postgres', 'unhealthy',   true,  640, 'the answer took longer than 500 ms', 'greta@globex.test'),
    ('globex/archive',  'primary',  'postgres', 'disabled',    true,  NULL, NULL, 'outsider@globex.test')
) AS v (project, name, type, status, is_primary, latency, error, created_by)
JOIN project_list p ON p.path = v.project;
