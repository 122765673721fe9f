-- place: 1 to 100 within the unit. Each organization has one, the rest go where there are many already.
CREATE TEMP TABLE project ON COMMIT DROP AS
SELECT n, pg_temp.seed_id('scale project', n::text) AS id, place, o.id AS organization_id,
       (ARRAY['nano', 'nano', 'nano', 'micro', 'micro', 'micro', 'small', 'small', 'medium', 'large'])[1 + n % 10] AS size,
       greatest(o.created_at, pg_temp.seed_day() - interval '40 days' - n * 29 % 400 * interval '1 day') + n * interval '1 second'
           AS created_at
FROM (
    SELECT n, n - (unit.number - 1) * 100 AS place,
           CASE WHEN n - (unit.number - 1) * 100 <= 20 THEN (unit.number - 1) * 20 + n - (unit.number - 1) * 100
                ELSE 1 + floor(20 * unit.number * power(pg_temp.seed_noise('owner of' || n), 2))::int END AS organization
    FROM unit CROSS JOIN LATERAL generate_series(unit.number * 100 - 99, unit.number * 100) n
) v
JOIN platform.organizations o ON o.id = pg_temp.seed_id('scale organization', v.organization::text);

INSERT INTO platform.projects (
    id, organization_id, name, ref, slug, status, region, database_host, database_port, database_name, database_user,
    created_at, updated_at)
SELECT id, organization_id, 'Project ' || n, ref, format('project-%s', lpad(n::text, 6, '0')),
       CASE WHEN n % 20 = 0 THEN 'paused' WHEN n % 33 = 0 THEN 'inactive' WHEN n % 50 = 7 THEN 'active_unhealthy'
            WHEN n % 100 = 3 THEN 'coming_up' ELSE 'active_healthy' END,
       (ARRAY['eu-central-1', 'us-east-1', 'eu-west-1', 'ap-southeast-1', 'local'])[1 + n % 5],
       format('db.%s.scale.test', ref), 5432, 'postgres', 'postgres', created_at, created_at
FROM project
-- Twenty letters of a hash that has digits too.
CROSS JOIN LATERAL (SELECT translate(left(md5('ref' || n), 20), '0123456789', 'ghijklmnop') AS ref) r
ON CONFLICT DO NOTHING;

ANALYZE project, platform.projects;

INSERT INTO platform.compute_config (id, project_id, organization_id, instance_size, cpu_cores, memory_gb, created_at, updated_at)
SELECT pg_temp.seed_id('scale compute', n::text), p.id, p.organization_id, p.size,
       (c.metadata->>'cpu_cores')::numeric, (c.metadata->>'memory_gb')::numeric, p.created_at, p.created_at
FROM project p
JOIN platform.addon_catalog c ON c.addon_id = 'compute_instance' AND c.variant = 'ci_' || p.size
ON CONFLICT DO NOTHING;

INSERT INTO platform.disk_config (id, project_id, organization_id, size_gb, created_at, updated_at)
SELECT pg_temp.seed_id('scale disk', n::text), id, organization_id, 8 * (1 + n % 4), created_at, created_at
FROM project
ON CONFLICT DO NOTHING;

INSERT INTO platform.project_addons (
    id, project_id, organization_id, addon_id, addon_variant, price_per_unit, activated_at, created_at, updated_at)
SELECT pg_temp.seed_id('scale addon', format('%s/%s', p.n, c.addon_id)), p.id, p.organization_id, c.addon_id, c.variant, c.price,
       p.created_at, p.created_at, p.created_at
FROM project p
JOIN platform.addon_catalog c
    ON (c.addon_id = 'compute_instance' AND c.variant = 'ci_' || p.size AND p.size <> 'nano')
    OR (c.variant = 'pitr_7' AND p.n % 12 = 0) OR (c.variant = 'ipv4_default' AND p.n % 5 = 0)
    OR (c.variant = 'cd_default' AND p.n % 7 = 0)
ON CONFLICT DO NOTHING;

-- Up to three people of the organization, without regard to what they are there.
INSERT INTO platform.project_members (id, project_id, organization_id, user_id, role, created_at, updated_at)
WITH numbered AS (
    SELECT organization_id, user_id, row_number() OVER (PARTITION BY organization_id ORDER BY joined_at, id) AS number,
           count(*) OVER (PARTITION BY organization_id) AS members
    FROM platform.organization_members
    WHERE organization_id IN (SELECT organization_id FROM project)
), wanted AS (
    SELECT p.n, p.id, p.organization_id, p.created_at, k, 1 + (p.n * 13 + k * 101) % c.members AS number
    FROM project p
    JOIN (SELECT DISTINCT organization_id, members FROM numbered) c USING (organization_id)
    CROSS JOIN generate_series(1, 3) k
)
SELECT pg_temp.seed_id('scale project member', format('%s/%s', w.n, w.k)), w.id, w.organization_id, m.user_id,
       (ARRAY['owner', 'developer', 'read_only'])[w.k], w.created_at, w.created_at
FROM wanted w
JOIN numbered m USING (organization_id, number)
ORDER BY w.n, w.k
ON CONFLICT DO NOTHING;
