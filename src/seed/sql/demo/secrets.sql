-- What must be sealed or digested, which only the server can do: it reads this list and answers in `given`.
-- The plain texts are no secrets, they are the demo's; anybody may use them against a development server.

-- place: table.column of a value that is sealed for the row of that id; null: a SHA-256 is stored.
CREATE TEMP TABLE secret ON COMMIT DROP AS
SELECT 'api_key/' || name AS name, token AS plain, NULL AS place, NULL::uuid AS row_id
FROM (VALUES
    ('acme/deploy',         'ogb_acmeDeployDemoKey0000000000000000000000000000hNPCI'),
    ('acme/metrics',        'ogb_acmeMetricsDemoKey000000000000000000000000002Hhs3w'),
    ('acme/developer',      'ogb_acmeDeveloperDemoKey0000000000000000000000002vLkWe'),
    ('acme/old-developer',  'ogb_acmeOldDeveloperDemoKey0000000000000000000004RKfLo'),
    ('acme/old-backup',     'ogb_acmeOldBackupDemoKey0000000000000000000000003tYcK4'),
    ('acme/backup',         'ogb_acmeBackupDemoKey00000000000000000000000000015xMjC'),
    ('acme/trial',          'ogb_acmeTrialDemoKey00000000000000000000000000000YZvoy'),
    ('globex/deploy',       'ogb_globexDeployDemoKey00000000000000000000000001ywGe1'),
    ('globex/readings',     'ogb_globexReadingsDemoKey000000000000000000000000WK6R1'),
    ('globex/old-readings', 'ogb_globexOldReadingsDemoKey000000000000000000001BQbOQ'),
    ('globex/old-deploy',   'ogb_globexOldDeployDemoKey00000000000000000000001LSLS1')
) AS v (name, token)
UNION ALL
SELECT 'invitation/' || name, token, NULL, NULL
FROM (VALUES
    ('acme/newcomer@acme.test',      'acmeNewcomerDemoInvitation00000000000000000'),
    ('acme/outsider@globex.test',    'acmeOutsiderDemoInvitation00000000000000000'),
    ('acme/late@acme.test',          'acmeLateDemoInvitation000000000000000000000'),
    ('acme/leo@acme.test',           'acmeLeoDemoInvitation0000000000000000000000'),
    ('acme/declined@acme.test',      'acmeDeclinedDemoInvitation00000000000000000'),
    ('acme/revoked@acme.test',       'acmeRevokedDemoInvitation000000000000000000'),
    ('globex/declined@globex.test',  'globexDeclinedDemoInvitation000000000000000'),
    ('globex/revoked@globex.test',   'globexRevokedDemoInvitation0000000000000000'),
    ('globex/member@acme.test',      'globexMemberDemoInvitation00000000000000000'),
    ('globex/both@acme.test',        'globexBothDemoInvitation0000000000000000000')
) AS v (name, token)
UNION ALL
-- Twenty characters, as the server makes them.
SELECT 'recovery/' || n, format('dem0dem0dem0dem0000%s', n), NULL, NULL FROM generate_series(1, 8) n
UNION ALL
-- 20 bytes in base32, as an authenticator takes it.
SELECT 'second factor', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', 'users.mfa_secret_sealed', id
FROM person_list WHERE kind = 'second factor'
UNION ALL
SELECT 'project/' || path, 'demo-' || md5(path), 'projects.database_password_sealed', id FROM project_list
UNION ALL
SELECT 'database/' || path,
       CASE type WHEN 'postgres' THEN format('postgres://postgres:demo-%s@%s:%s/postgres', md5(path), host, port)
                 WHEN 'redis' THEN format('redis://:demo-%s@%s:%s/0', md5(path), host, port)
                 ELSE format('mongodb://app:demo-%s@%s:%s/events', md5(path), host, port) END,
       'databases.connection_string_sealed', id
FROM database_list;

CREATE TEMP TABLE given (name text PRIMARY KEY, value text NOT NULL) ON COMMIT DROP;

CREATE FUNCTION pg_temp.given(wanted text) RETURNS text
    LANGUAGE sql STABLE
    AS 'SELECT value FROM pg_temp.given WHERE name = wanted';
