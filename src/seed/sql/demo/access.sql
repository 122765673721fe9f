INSERT INTO platform.organization_invitations (
    id, organization_id, invited_email, invited_by, role, token_hash, expires_at, accepted_at, accepted_by, declined_at,
    revoked_at, created_at, updated_at)
SELECT pg_temp.seed_id('invitation', v.organization || '/' || v.email), o.id, v.email,
       pg_temp.seed_id('user', v.inviter), v.role, pg_temp.given('invitation/' || v.organization || '/' || v.email),
       sent.at + interval '7 days',
       CASE v.outcome WHEN 'accepted' THEN sent.at + interval '6 hours' END,
       CASE v.outcome WHEN 'accepted' THEN pg_temp.seed_id('user', v.email) END,
       CASE v.outcome WHEN 'declined' THEN sent.at + interval '1 day' END,
       CASE v.outcome WHEN 'revoked' THEN sent.at + interval '2 hours' END, sent.at, sent.at
FROM (VALUES
    ('acme',   'newcomer@acme.test',   'admin@acme.test',      'developer', 'open',     2),
    ('acme',   'outsider@globex.test', 'owner@acme.test',      'member',    'open',     1),
    ('acme',   'late@acme.test',       'admin@acme.test',      'member',    'expired',  30),
    ('acme',   'leo@acme.test',        'admin@acme.test',      'member',    'accepted', 21),
    ('acme',   'declined@acme.test',   'admin@acme.test',      'member',    'declined', 50),
    ('acme',   'revoked@acme.test',    'owner@acme.test',      'admin',     'revoked',  45),
    ('globex', 'member@acme.test',     'greta@globex.test',    'member',    'open',     3),
    ('globex', 'declined@globex.test', 'greta@globex.test',    'developer', 'declined', 40),
    ('globex', 'revoked@globex.test',  'outsider@globex.test', 'member',    'revoked',  35),
    ('globex', 'both@acme.test',       'outsider@globex.test', 'developer', 'accepted', 360)
) AS v (organization, email, inviter, role, outcome, days)
JOIN organization_list o ON o.slug = v.organization
CROSS JOIN LATERAL (SELECT pg_temp.seed_day() - v.days * interval '1 day' AS at) sent
ON CONFLICT DO NOTHING;

-- `acme/backup` replaced `acme/old-backup`: in that order, because it names it, and so with all that are old.
INSERT INTO platform.api_keys (
    id, organization_id, user_id, name, key_prefix, key_hash, scopes, project_ids, last_used_at, expires_at, revoked_at,
    rotated_from, requests_per_minute, created_at, updated_at)
SELECT pg_temp.seed_id('api_key', v.key), o.id, u.id, v.name, left(s.plain, 12), pg_temp.given('api_key/' || v.key), v.scopes,
       CASE WHEN v.project IS NOT NULL THEN ARRAY[pg_temp.seed_id('project', v.project)] END,
       pg_temp.seed_day() - v.used * interval '1 day', pg_temp.seed_day() + v.expires * interval '1 day',
       pg_temp.seed_day() - v.revoked * interval '1 day', pg_temp.seed_id('api_key', v.rotated_from), v.per_minute,
       pg_temp.seed_day() - v.days * interval '1 day', pg_temp.seed_day() - v.days * interval '1 day'
FROM (VALUES
    ('acme/old-backup',   'owner@acme.test',      'Backup (old)', '{projects:read,databases:read,databases:reveal}'::text[], NULL, 31, NULL, 30, NULL, NULL, 300),
    ('acme/backup',       'owner@acme.test',      'Backup',       '{projects:read,databases:read,databases:reveal}', NULL, 1, 335, NULL, 'acme/old-backup', NULL, 32),
    ('acme/deploy',       'owner@acme.test',      'Deployment',   '{organization:read,projects:list,projects:read,projects:write,credentials:read}', NULL, 2, NULL, NULL, NULL, 600, 200),
    ('acme/metrics',      'admin@acme.test',      'Metrics agent', '{metrics:write,usage:write}', 'acme/shop', 0, NULL, NULL, NULL, 6000, 150),
    ('acme/old-developer', 'developer@acme.test', 'My laptop (old)', '{projects:list,projects:read,metrics:read}', 'acme/api', 32, NULL, 29, NULL, NULL, 110),
    ('acme/developer',    'developer@acme.test',  'My laptop',    '{projects:list,projects:read,metrics:read}', 'acme/api', 4, 60, NULL, 'acme/old-developer', 60, 30),
    ('acme/trial',        'admin@acme.test',      'Trial',        '{organization:read}', NULL, NULL, -15, NULL, NULL, NULL, 45),
    ('globex/old-deploy', 'outsider@globex.test', 'Deployment (old)', '{projects:read,projects:write}', NULL, 70, NULL, 60, NULL, NULL, 250),
    ('globex/deploy',     'outsider@globex.test', 'Deployment',   '{organization:read,projects:list,projects:read,projects:write}', NULL, 1, NULL, NULL, 'globex/old-deploy', NULL, 62),
    ('globex/old-readings', 'both@acme.test',     'Readings (old)', '{projects:read,databases:read,metrics:read}', 'globex/reactor', 21, NULL, 19, NULL, NULL, 140),
    ('globex/readings',   'both@acme.test',       'Readings',     '{projects:read,databases:read,metrics:read}', 'globex/reactor', 3, 90, NULL, 'globex/old-readings', 120, 20)
) AS v (key, email, name, scopes, project, used, expires, revoked, rotated_from, per_minute, days)
JOIN secret s ON s.name = 'api_key/' || v.key
JOIN organization_list o ON o.slug = split_part(v.key, '/', 1)
JOIN platform.users u ON u.id = pg_temp.seed_id('user', v.email)
ON CONFLICT DO NOTHING;

-- To look at, not to use: their hashes are of no token, so nobody can hold one.
INSERT INTO platform.user_sessions (
    id, user_id, token_hash, refresh_token_hash, ip_address, user_agent, expires_at, last_activity_at, revoked_at,
    created_at, updated_at)
SELECT pg_temp.seed_id('session', v.name), u.id,
       md5('session' || v.name) || md5('of no token' || v.name), md5('refresh' || v.name) || md5('of no token' || v.name),
       v.ip::inet, v.agent, opened.at + interval '30 days',
       opened.at + v.active * interval '1 hour',
       CASE WHEN v.revoked THEN opened.at + v.active * interval '1 hour' END, opened.at, opened.at
FROM (VALUES
    ('owner/laptop',     'owner@acme.test',      '203.0.113.10',  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Firefox/138.0', 3, 60, false),
    ('owner/phone',      'owner@acme.test',      '198.51.100.4',  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) Safari/605.1', 12, 200, false),
    ('owner/old',        'owner@acme.test',      '203.0.113.10',  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Firefox/131.0', 80, 500, false),
    ('owner/lost',       'owner@acme.test',      '192.0.2.77',    'Mozilla/5.0 (X11; Linux x86_64) Chrome/135.0', 20, 30, true),
    ('admin/laptop',     'admin@acme.test',      '203.0.113.21',  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/136.0', 2, 40, false),
    ('developer/laptop', 'developer@acme.test',  '203.0.113.35',  'Mozilla/5.0 (X11; Linux x86_64) Firefox/138.0', 5, 110, false),
    ('developer/script', 'developer@acme.test',  '2001:db8::35',  'ogelbase-client/0.3 node/24', 1, 20, false),
    ('billing/laptop',   'billing@acme.test',    '203.0.113.40',  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Safari/605.1', 9, 150, false),
    ('both/laptop',      'both@acme.test',       '198.51.100.90', 'Mozilla/5.0 (X11; Linux x86_64) Chrome/136.0', 4, 90, false),
    ('outsider/laptop',  'outsider@globex.test', '198.51.100.12', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/138.0', 2, 45, false),
    ('greta/laptop',     'greta@globex.test',    '198.51.100.13', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Chrome/136.0', 6, 130, false),
    ('boris/laptop',     'boris@acme.test',      '192.0.2.15',    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/136.0', 16, 12, true)
) AS v (name, email, ip, agent, days, active, revoked)
JOIN person_list l ON l.email = v.email AND l.is_new
JOIN platform.users u ON u.id = l.id
CROSS JOIN LATERAL (SELECT pg_temp.seed_day() - v.days * interval '1 day' AS at) opened
ON CONFLICT DO NOTHING;
