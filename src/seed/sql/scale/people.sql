-- The load: 20 organizations, 200 people, 100 projects and about 10,000 metric rows a unit, all numbered through.
-- What a unit consists of follows from its number alone, so a higher scale adds to a lower one.

CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT n, pg_temp.seed_id('scale user', n::text) AS id,
       -- Each organization's first ten people begin with its owner.
       CASE WHEN n % 10 = 1 THEN (n + 9) / 10
            -- The others go where many are already: the first organization gets some 1,600 of 20,000.
            ELSE 1 + floor(20 * unit.number * power(pg_temp.seed_noise('home' || n), 2.5))::int END AS home,
       n % 10 = 1 AS founder
FROM unit CROSS JOIN LATERAL generate_series(unit.number * 200 - 199, unit.number * 200) n;

INSERT INTO platform.organizations (id, name, slug, billing_email, created_at, updated_at)
SELECT pg_temp.seed_id('scale organization', n::text), 'Organization ' || n, format('org-%s', lpad(n::text, 6, '0')),
       format('billing-%s@scale.test', lpad(n::text, 6, '0')), created.at, created.at
FROM unit CROSS JOIN LATERAL generate_series(unit.number * 20 - 19, unit.number * 20) n
CROSS JOIN LATERAL (SELECT pg_temp.seed_day() - interval '100 days' - n * 37 % 600 * interval '1 day' - n * interval '1 second' AS at) created
ON CONFLICT DO NOTHING;

-- No passwords: these are for volume and nobody signs in as one of them.
INSERT INTO platform.users (id, email, username, first_name, last_name, email_confirmed_at, last_sign_in_at, created_at, updated_at)
SELECT id, format('person-%s@scale.test', lpad(n::text, 6, '0')), 'person-' || n,
       (ARRAY['Ada', 'Ben', 'Cleo', 'Dino', 'Eva', 'Finn', 'Gaia', 'Hans', 'Ida', 'Juri', 'Kim'])[1 + n % 11],
       (ARRAY['Abel', 'Berg', 'Costa', 'Diaz', 'Evans', 'Ferri', 'Gruber'])[1 + n % 7],
       created.at, pg_temp.seed_day() - n % 90 * interval '1 day', created.at, created.at
FROM person
CROSS JOIN LATERAL (SELECT pg_temp.seed_day() - interval '90 days' - n * 31 % 600 * interval '1 day' - n * interval '1 second' AS at) created
ON CONFLICT DO NOTHING;

-- The checks of foreign keys keep their plans, and one made for an empty table would read all of a full one.
ANALYZE platform.organizations, platform.users;

INSERT INTO platform.organization_members (id, organization_id, user_id, role, joined_at, created_at, updated_at)
SELECT pg_temp.seed_id('scale member', format('%s/%s', v.organization, v.n)), o.id, u.id, v.role, j.at, j.at, j.at
FROM (
    SELECT n, id, home AS organization,
           CASE WHEN founder THEN 'owner' WHEN n % 20 < 2 THEN 'admin' WHEN n % 20 < 9 THEN 'developer'
                WHEN n % 20 = 9 THEN 'billing_admin' ELSE 'member' END AS role
    FROM person
    UNION ALL
    -- Each twentieth is in a second one.
    SELECT n, person.id, 1 + n * 7 % (20 * unit.number), 'member'
    FROM person JOIN unit ON unit.number = (person.n + 199) / 200
    WHERE n % 20 = 5
) v
-- One of a lower scale may have been deleted meanwhile.
JOIN platform.organizations o ON o.id = pg_temp.seed_id('scale organization', v.organization::text)
JOIN platform.users u ON u.id = v.id
CROSS JOIN LATERAL (SELECT greatest(o.created_at, u.created_at) AS at) j
ON CONFLICT DO NOTHING;

ANALYZE platform.organization_members;
