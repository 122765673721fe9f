INSERT INTO platform.organizations (id, name, slug, billing_email, created_at, updated_at)
SELECT id, name, slug, billing_email, created_at, created_at FROM organization_list
ON CONFLICT DO NOTHING;

INSERT INTO platform.users (
    id, email, username, first_name, last_name, avatar_url, phone, password_hash, mfa_enabled, mfa_secret_sealed, mfa_recovery_hashes,
    external_issuer, external_subject, email_confirmed_at, banned_until, deleted_at, metadata, last_sign_in_at,
    created_at, updated_at)
SELECT id, email, replace(replace(email, '.test', ''), '@', '.'), first_name, last_name,
       CASE WHEN kind = 'demo' THEN format('https://avatars.ogelbase.test/%s.png', md5(email)) END,
       CASE WHEN kind = 'demo' THEN format('+39 02 5550 %s', 1000 + floor(pg_temp.seed_noise(email) * 9000)) END,
       CASE WHEN kind NOT IN ('outside issuer', 'deleted') THEN pg_temp.given('password') END,
       kind = 'second factor',
       CASE WHEN kind = 'second factor' THEN pg_temp.given('second factor') END,
       CASE WHEN kind = 'second factor' THEN ARRAY(
           SELECT value FROM pg_temp.given WHERE name LIKE 'recovery/%' ORDER BY name) END,
       CASE WHEN kind = 'outside issuer' THEN 'https://login.acme.test' END,
       CASE WHEN kind = 'outside issuer' THEN 'acme|' || md5(email) END,
       created_at + interval '5 minutes',
       CASE WHEN kind = 'banned' THEN pg_temp.seed_day() + interval '10 years' END,
       CASE WHEN kind = 'deleted' THEN pg_temp.seed_day() - interval '30 days' END,
       jsonb_build_object('locale', (ARRAY['en', 'it', 'de'])[1 + floor(pg_temp.seed_noise('locale' || email) * 3)]),
       CASE WHEN kind = 'deleted' THEN pg_temp.seed_day() - interval '31 days'
            ELSE pg_temp.seed_day() - pg_temp.seed_noise('seen' || email) * least(interval '14 days', pg_temp.seed_day() - created_at)
       END,
       created_at, created_at
FROM person_list
ON CONFLICT DO NOTHING;

-- acme has one owner, so that the rule of the last owner shows; globex has two.
INSERT INTO platform.organization_members (
    id, organization_id, user_id, role, invited_at, invited_by, joined_at, created_at, updated_at)
SELECT pg_temp.seed_id('member', v.organization || '/' || v.email), o.id, u.id, v.role,
       CASE WHEN v.inviter IS NOT NULL THEN joined.at - interval '6 hours' END,
       pg_temp.seed_id('user', v.inviter), joined.at, joined.at, joined.at
FROM (VALUES
    ('acme',   'owner@acme.test',      'owner',         NULL),
    ('acme',   'admin@acme.test',      'admin',         'owner@acme.test'),
    ('acme',   'developer@acme.test',  'developer',     'admin@acme.test'),
    ('acme',   'billing@acme.test',    'billing_admin', 'owner@acme.test'),
    ('acme',   'member@acme.test',     'member',        'admin@acme.test'),
    ('acme',   'both@acme.test',       'member',        'admin@acme.test'),
    ('acme',   'paula@acme.test',      'member',        'owner@acme.test'),
    ('acme',   'peter@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'petra@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'pia@acme.test',        'member',        'admin@acme.test'),
    ('acme',   'alice@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'bruno@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'chiara@acme.test',     'member',        'admin@acme.test'),
    ('acme',   'david@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'elena@acme.test',      'developer',     'admin@acme.test'),
    ('acme',   'felix@acme.test',      'developer',     'admin@acme.test'),
    ('acme',   'giulia@acme.test',     'member',        'admin@acme.test'),
    ('acme',   'hugo@acme.test',       'member',        'admin@acme.test'),
    ('acme',   'ines@acme.test',       'member',        'owner@acme.test'),
    ('acme',   'jonas@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'klara@acme.test',      'member',        'admin@acme.test'),
    ('acme',   'leo@acme.test',        'member',        'admin@acme.test'),
    ('acme',   'mina@acme.test',       'member',        'admin@acme.test'),
    ('acme',   'nora@acme.test',       'member',        'admin@acme.test'),
    ('acme',   'boris@acme.test',      'developer',     'admin@acme.test'),
    ('globex', 'outsider@globex.test', 'owner',         NULL),
    ('globex', 'hanna@globex.test',    'owner',         'outsider@globex.test'),
    ('globex', 'greta@globex.test',    'admin',         'outsider@globex.test'),
    ('globex', 'gus@globex.test',      'billing_admin', 'outsider@globex.test'),
    ('globex', 'gwen@globex.test',     'member',        'greta@globex.test'),
    ('globex', 'both@acme.test',       'developer',     'greta@globex.test')
) AS v (organization, email, role, inviter)
JOIN organization_list o ON o.slug = v.organization
JOIN person_list u ON u.email = v.email
CROSS JOIN LATERAL (SELECT greatest(o.created_at, u.created_at + interval '6 hours') AS at) joined
ON CONFLICT DO NOTHING;

-- The organization of the address they have, also for the one who is in two.
UPDATE platform.users u SET active_org_id = m.organization_id
FROM person_list l
JOIN organization_list o ON o.slug = split_part(split_part(l.email, '@', 2), '.', 1)
JOIN platform.organization_members m ON m.organization_id = o.id AND m.user_id = l.id
WHERE u.id = l.id AND u.active_org_id IS NULL;
