-- The smallest plan that an organization fits in now; it keeps it when a higher scale makes it grow.
INSERT INTO platform.subscriptions (
    id, organization_id, plan_id, plan_name, billing_cycle_anchor, current_period_start, current_period_end, created_at, updated_at)
SELECT pg_temp.seed_id('scale subscription', n::text), o.id, b.id, b.name, o.created_at,
       date_trunc('month', pg_temp.seed_day(), 'UTC'), date_trunc('month', pg_temp.seed_day(), 'UTC') + interval '1 month',
       o.created_at, o.created_at
FROM unit
CROSS JOIN LATERAL generate_series(unit.number * 20 - 19, unit.number * 20) n
JOIN platform.organizations o ON o.id = pg_temp.seed_id('scale organization', n::text)
CROSS JOIN LATERAL (SELECT count(*) AS members FROM platform.organization_members m WHERE m.organization_id = o.id) m
CROSS JOIN LATERAL (SELECT count(*) AS projects FROM platform.projects p WHERE p.organization_id = o.id) p
CROSS JOIN LATERAL (
    SELECT id, name FROM platform.billing_plans
    WHERE active AND coalesce(max_members, 1e9) >= m.members AND coalesce(max_projects, 1e9) >= p.projects
    ORDER BY sort_order LIMIT 1) b
ON CONFLICT DO NOTHING;

-- The last three months: the plan and traffic; the last one is not paid yet.
INSERT INTO platform.invoices (
    id, organization_id, subscription_id, number, status, subtotal, tax, credit_applied, total, amount_due, amount_paid, lines,
    period_start, period_end, due_at, issued_at, paid_at, created_at, updated_at)
WITH bill AS (
    SELECT n, m, s.organization_id, s.id AS subscription_id, s.plan_name, coalesce(b.price, 2500) AS price, n * 7 % 90 + m AS gigabytes,
           date_trunc('month', pg_temp.seed_day(), 'UTC') - m * interval '1 month' AS start,
           date_trunc('month', pg_temp.seed_day(), 'UTC') - (m - 1) * interval '1 month' AS finish
    FROM unit
    CROSS JOIN LATERAL generate_series(unit.number * 20 - 19, unit.number * 20) n
    JOIN platform.subscriptions s ON s.organization_id = pg_temp.seed_id('scale organization', n::text)
    JOIN platform.billing_plans b ON b.id = s.plan_id
    CROSS JOIN generate_series(1, 3) m
)
SELECT pg_temp.seed_id('scale invoice', format('%s/%s', n, p.opens)), organization_id, subscription_id,
       format('INV-%s-%s', lpad(n::text, 6, '0'), to_char(start, 'YYYY-MM')), CASE m WHEN 1 THEN 'open' ELSE 'paid' END,
       total, 0, 0, total, total, CASE m WHEN 1 THEN 0 ELSE total END,
       jsonb_build_array(
           jsonb_build_object('description', plan_name || ' plan', 'quantity', 1, 'unit_amount', price::text,
               'amount', price::numeric(12,2)::text, 'project_id', NULL, 'period_start', p.opens, 'period_end', p.closes),
           jsonb_build_object('description', 'Egress above the plan''s', 'quantity', gigabytes, 'unit_amount', '0.09',
               'amount', (gigabytes * 0.09)::numeric(12,2)::text, 'project_id', NULL, 'period_start', p.opens, 'period_end', p.closes)),
       start, finish, finish + interval '14 days', finish, CASE WHEN m > 1 THEN finish + interval '1 day' END, finish, finish
FROM bill
CROSS JOIN LATERAL (SELECT (price + gigabytes * 0.09)::numeric(12,2) AS total) t
CROSS JOIN LATERAL (SELECT to_char(bill.start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS opens,
                           to_char(bill.finish, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS closes) p
ON CONFLICT DO NOTHING;
