-- The last twelve months, one invoice each: plan, add-ons as they were, and traffic above the plan's. Every amount
-- follows from the lines; like Stripe's, amount_due stays what was to be paid after it is paid.
INSERT INTO platform.invoices (
    id, organization_id, subscription_id, number, status, subtotal, tax, credit_applied, total, amount_due, amount_paid,
    lines, period_start, period_end, due_at, issued_at, paid_at, hosted_url, pdf_url, created_at, updated_at)
WITH bill AS (
    SELECT o.id AS organization_id, s.id AS subscription_id, b.name AS plan_name, b.price AS plan_price,
           format('INV-%s-%s%s', upper(o.slug), to_char(period.start, 'YYYY-MM'), CASE v.status WHEN 'void' THEN '-V' END) AS number,
           coalesce(v.status, CASE m WHEN 1 THEN 'open' ELSE 'paid' END) AS status,
           coalesce(v.credit, 0) AS credit,
           -- Reverse charge for the verified VAT number of acme, German tax for globex.
           CASE o.slug WHEN 'acme' THEN 0 ELSE 0.19 END AS tax_rate,
           period.start, period.start + interval '1 month' AS finish
    FROM organization_list o
    JOIN platform.subscriptions s ON s.organization_id = o.id
    JOIN platform.billing_plans b ON b.id = s.plan_id
    CROSS JOIN generate_series(1, 12) m
    CROSS JOIN LATERAL (SELECT date_trunc('month', pg_temp.seed_day(), 'UTC') - m * interval '1 month' AS start) period
    LEFT JOIN (VALUES
        ('acme',   12, NULL,            250.00),
        ('acme',   11, NULL,            250.00),
        ('acme',   7,  'void',          NULL),
        ('acme',   7,  'paid',          NULL),
        ('acme',   3,  NULL,            120.00),
        ('globex', 9,  'uncollectible', NULL),
        ('globex', 6,  NULL,            30.00)
    ) AS v (organization, month, status, credit) ON v.organization = o.slug AND v.month = m
), line AS (
    SELECT number, 1 AS place, NULL::uuid AS project_id, plan_name || ' plan' AS description,
           1 AS quantity, plan_price AS unit_amount
    FROM bill
    UNION ALL
    SELECT b.number, 2, p.id, c.name || ' for ' || p.name, a.quantity, a.price_per_unit
    FROM bill b
    JOIN platform.project_addons a ON a.organization_id = b.organization_id AND a.status IN ('active', 'cancelled')
         AND a.activated_at < b.finish AND (a.deactivated_at IS NULL OR a.deactivated_at >= b.start)
    JOIN platform.addon_catalog c ON c.addon_id = a.addon_id AND c.variant = a.addon_variant
    JOIN platform.projects p ON p.id = a.project_id
    JOIN project_list l ON l.id = p.id
    UNION ALL
    SELECT b.number, 3, NULL, 'Egress above 250 GB', floor(40 + 300 * pg_temp.seed_noise(b.number))::int, 0.09
    FROM bill b
    WHERE pg_temp.seed_noise('egress' || b.number) < 0.6
), total AS (
    SELECT b.number, sum(round(l.quantity * l.unit_amount, 2)) AS subtotal,
           jsonb_agg(jsonb_build_object(
               'description', l.description, 'quantity', l.quantity, 'unit_amount', l.unit_amount::text,
               'amount', round(l.quantity * l.unit_amount, 2)::text, 'project_id', l.project_id,
               'period_start', to_char(b.start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
               'period_end', to_char(b.finish, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) ORDER BY l.place, l.description) AS lines
    FROM bill b JOIN line l USING (number)
    GROUP BY b.number
), summed AS (
    SELECT b.*, t.subtotal, t.lines, round(t.subtotal * b.tax_rate, 2) AS tax,
           t.subtotal + round(t.subtotal * b.tax_rate, 2) - b.credit AS total
    FROM bill b JOIN total t USING (number)
)
SELECT pg_temp.seed_id('invoice', number), organization_id, subscription_id, number, status, subtotal, tax, credit,
       total, total, CASE status WHEN 'paid' THEN total ELSE 0 END, lines, start, finish,
       finish + interval '14 days', finish, CASE status WHEN 'paid' THEN finish + interval '1 day' END,
       'https://pay.ogelbase.test/' || number, format('https://pay.ogelbase.test/%s.pdf', number), finish, finish
FROM summed
ON CONFLICT DO NOTHING;
