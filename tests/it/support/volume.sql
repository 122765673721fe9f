-- Volume where the numbered organizations have none, so that a plan that reads a whole table cannot look cheap. Most
-- have a little of everything; one organization, one project and one database have a lot.
-- For a superuser, without triggers: keys are right by construction, and nobody listens.
SET session_replication_role = replica;

CREATE TEMP TABLE organization AS
SELECT o.id, row_number() OVER (ORDER BY o.slug) AS n,
       (SELECT m.user_id FROM platform.organization_members m WHERE m.organization_id = o.id ORDER BY m.id LIMIT 1) AS member
  FROM platform.organizations o WHERE o.slug LIKE 'org-%';
CREATE TEMP TABLE project AS
SELECT p.id, p.organization_id, row_number() OVER (ORDER BY o.n, p.ref) AS n
  FROM platform.projects p JOIN organization o ON o.id = p.organization_id;
ANALYZE organization, project;

-- A second organization for most people, and a first one that has more than a thousand of everything.
INSERT INTO platform.organization_members (organization_id, user_id, role, joined_at)
SELECT o.id, u.id, 'member', u.created_at
  FROM (SELECT id, created_at, row_number() OVER (ORDER BY id) AS n FROM platform.users WHERE email LIKE '%@scale.test') u
  JOIN organization o ON o.n = CASE WHEN u.n % 20 = 0 THEN 1 ELSE 1 + u.n * 13 % 2000 END
ON CONFLICT DO NOTHING;
INSERT INTO platform.projects (organization_id, name, ref, slug, status, created_at)
SELECT id, 'More ' || i, 'more-' || i, 'more-' || i, 'paused', now() - i * interval '1 hour'
  FROM organization, generate_series(1, 1500) i WHERE n = 1;

INSERT INTO platform.audit_logs
       (organization_id, project_id, user_id, actor_label, event_type, resource_type, resource_id, action, severity, created_at)
SELECT p.organization_id, p.id, o.member, 'somebody', (ARRAY['project.updated', 'member.invited', 'billing.updated'])[1 + i % 3],
       'project', p.id, 'update', (ARRAY['info', 'info', 'info', 'warning'])[1 + i % 4], now() - (i * 7 + p.n % 1000) * interval '10 minutes'
  FROM project p JOIN organization o ON o.id = p.organization_id
 CROSS JOIN LATERAL generate_series(1, CASE p.n WHEN 1 THEN 5000 ELSE 5 END) i;

INSERT INTO platform.usage_metrics
       (organization_id, project_id, metric_type, metric_value, unit, period_start, period_end, cost)
SELECT p.organization_id, p.id, metric, i, 'GB', date_trunc('day', now()) - i * interval '1 day',
       date_trunc('day', now()) - (i - 1) * interval '1 day', 0
  FROM project p, unnest('{EGRESS,DATABASE_SIZE}'::text[]) metric, generate_series(1, 6) i;

INSERT INTO platform.databases (project_id, organization_id, name, type, connection_string_sealed, host, port, status)
SELECT id, organization_id, 'database ' || i, (ARRAY['postgres', 'mongodb', 'redis'])[i], 'ogv1.k.A', 'db.test', 5432, 'healthy'
  FROM project, generate_series(1, 2) i;

CREATE TEMP TABLE database AS
SELECT id, project_id, organization_id, row_number() OVER (ORDER BY id) AS n FROM platform.databases;

INSERT INTO platform.database_metrics (database_id, organization_id, metric_type, value, "timestamp")
SELECT id, organization_id, metric, i, now() - i * interval '5 minutes'
  FROM database, unnest('{connections,latency_ms}'::text[]) metric,
       LATERAL generate_series(1, CASE n WHEN 1 THEN 5000 ELSE 5 END) i;

INSERT INTO platform.database_connection_logs (database_id, project_id, organization_id, event_type, latency_ms, created_at)
SELECT id, project_id, organization_id, 'health_check', i, now() - i * interval '5 minutes'
  FROM database, LATERAL generate_series(1, CASE n WHEN 1 THEN 5000 ELSE 5 END) i;

INSERT INTO platform.api_keys (organization_id, user_id, name, key_prefix, key_hash, scopes)
SELECT id, member, 'key ' || i, 'ogb_', encode(sha256(convert_to(format('key %s %s', id, i), 'UTF8')), 'hex'), '{projects:read}'
  FROM organization, generate_series(1, 3) i;

INSERT INTO platform.organization_invitations (organization_id, invited_email, invited_by, role, token_hash, expires_at)
SELECT id, format('%s@invited.test', i), member, 'member',
       encode(sha256(convert_to(format('invitation %s %s', id, i), 'UTF8')), 'hex'), now() + interval '7 days'
  FROM organization, generate_series(1, 3) i;

INSERT INTO platform.payment_methods (organization_id, type, is_default)
SELECT id, 'card', i = 1 FROM organization, generate_series(1, 2) i;
INSERT INTO platform.tax_ids (organization_id, type, value, country)
SELECT id, 'eu_vat', 'IT' || i, 'IT' FROM organization, generate_series(1, 2) i;
INSERT INTO platform.credits (organization_id, amount, remaining, expires_at)
SELECT id, 10, 5, now() + i * interval '30 days' FROM organization, generate_series(1, 2) i;
INSERT INTO platform.customer_profiles (organization_id, company_name) SELECT id, 'Company ' || n FROM organization;

INSERT INTO platform.organization_feature_flags (organization_id, flag_id, enabled)
SELECT o.id, f.id, o.n % 2 = 0 FROM organization o, platform.feature_flags f;

INSERT INTO platform.user_sessions (user_id, token_hash, expires_at, created_at)
SELECT id, encode(sha256(convert_to('session ' || id, 'UTF8')), 'hex'), now() + interval '1 hour', now()
  FROM platform.users WHERE email LIKE '%@scale.test';
