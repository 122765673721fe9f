-- acme is on Team with a spend cap, globex on Pro; both began with a trial and are billed on the first of the month.
-- globex has cancelled and runs on until its period ends.
INSERT INTO platform.subscriptions (
    id, organization_id, plan_id, plan_name, status, billing_cycle_anchor, current_period_start, current_period_end,
    cancel_at_period_end, canceled_at, trial_end, spend_cap_enabled, spend_cap_amount, created_at, updated_at)
SELECT pg_temp.seed_id('subscription', o.slug), o.id, b.id, b.name, 'active',
       date_trunc('month', o.created_at, 'UTC'), date_trunc('month', pg_temp.seed_day(), 'UTC'),
       date_trunc('month', pg_temp.seed_day(), 'UTC') + interval '1 month',
       v.cancelled IS NOT NULL, pg_temp.seed_day() - v.cancelled * interval '1 day', o.created_at + interval '14 days',
       v.spend_cap IS NOT NULL, v.spend_cap, o.created_at, o.created_at
FROM (VALUES ('acme', 'tier_team', 5000.00, NULL), ('globex', 'tier_pro', NULL, 5)) AS v (organization, plan, spend_cap, cancelled)
JOIN organization_list o ON o.slug = v.organization
JOIN platform.billing_plans b ON b.id = v.plan
ON CONFLICT DO NOTHING;

INSERT INTO platform.payment_methods (
    id, organization_id, type, card_brand, card_last4, card_exp_month, card_exp_year, is_default, created_at, updated_at)
SELECT pg_temp.seed_id('payment_method', v.organization || '/' || v.type), o.id, v.type, v.brand, v.last4, v.month,
       CASE WHEN v.month IS NOT NULL THEN extract(year FROM pg_temp.seed_day())::int + 2 END, v.is_default,
       o.created_at + interval '1 day', o.created_at + interval '1 day'
FROM (VALUES
    ('acme',   'card',            'visa',       '4242', 11,   true),
    ('acme',   'sepa_debit',      NULL,         NULL,   NULL, false),
    ('globex', 'card',            'mastercard', '4444', 4,    true),
    ('globex', 'us_bank_account', NULL,         NULL,   NULL, false)
) AS v (organization, type, brand, last4, month, is_default)
JOIN organization_list o ON o.slug = v.organization
ON CONFLICT DO NOTHING;

INSERT INTO platform.tax_ids (id, organization_id, type, value, country, status, created_at, updated_at)
SELECT pg_temp.seed_id('tax_id', v.organization || '/' || v.type), o.id, v.type, v.value, v.country, v.status,
       o.created_at + interval '1 day', o.created_at + interval '1 day'
FROM (VALUES
    ('acme',   'eu_vat', 'IT00000000000',    'IT', 'verified'),
    ('acme',   'ch_vat', 'CHE-000.000.000',  'CH', 'pending'),
    ('globex', 'eu_vat', 'DE000000000',      'DE', 'unverified')
) AS v (organization, type, value, country, status)
JOIN organization_list o ON o.slug = v.organization
ON CONFLICT DO NOTHING;

INSERT INTO platform.customer_profiles (
    id, organization_id, company_name, contact_name, address_line1, address_line2, city, state, postal_code, country, phone,
    created_at, updated_at)
SELECT pg_temp.seed_id('customer_profile', v.organization), o.id, v.company, v.contact, v.line1, v.line2, v.city, v.state,
       v.postal_code, v.country, v.phone, o.created_at + interval '1 day', o.created_at + interval '1 day'
FROM (VALUES
    ('acme', 'Acme Industries S.p.A.', 'Bianca Bill', 'Via dell''Esempio 1', 'Scala B', 'Milano', 'MI', '20121', 'IT', '+39 02 5550 100'),
    ('globex', 'Globex GmbH', 'Gus Grant', 'Beispielstraße 7', 'Hinterhaus', 'Berlin', 'Berlin', '10115', 'DE', '+49 30 5550 100')
) AS v (organization, company, contact, line1, line2, city, state, postal_code, country, phone)
JOIN organization_list o ON o.slug = v.organization
ON CONFLICT DO NOTHING;

-- What is gone of them stands as credit_applied on the invoices: 620 for acme, 30 for globex.
INSERT INTO platform.credits (
    id, organization_id, amount, remaining, description, expires_at, created_at, updated_at)
SELECT pg_temp.seed_id('credit', v.organization || '/' || v.description), o.id, v.amount, v.remaining, v.description,
       pg_temp.seed_day() + v.expires * interval '1 day',
       pg_temp.seed_day() - v.days * interval '1 day', pg_temp.seed_day() - v.days * interval '1 day'
FROM (VALUES
    ('acme',   'Welcome credit',        500.00, 0.00,   -40,  400),
    ('acme',   'Referral',              300.00, 180.00, 90,   200),
    ('acme',   'Apology for an outage', 75.00,  75.00,  20,   60),
    ('acme',   'Conference voucher',    40.00,  40.00,  -10,  150),
    ('globex', 'Welcome credit',        50.00,  20.00,  NULL, 370),
    ('globex', 'Referral',              15.00,  15.00,  60,   100)
) AS v (organization, description, amount, remaining, expires, days)
JOIN organization_list o ON o.slug = v.organization
ON CONFLICT DO NOTHING;

INSERT INTO platform.project_addons (
    id, project_id, organization_id, addon_id, addon_variant, quantity, price_per_unit, status, activated_at,
    deactivated_at, created_at, updated_at)
SELECT pg_temp.seed_id('addon', v.project || '/' || v.addon), p.id, p.organization_id, v.addon, v.variant, v.quantity,
       c.price, v.status, l.created_at + v.after * interval '1 day',
       CASE WHEN v.status = 'cancelled' THEN pg_temp.seed_day() - interval '20 days' END,
       l.created_at + v.after * interval '1 day', l.created_at + v.after * interval '1 day'
FROM (
    SELECT path, 'compute_instance', 'ci_' || size, 1, 'active', 0 FROM project_list WHERE size <> 'nano'
    UNION ALL VALUES
    ('acme/shop',      'pitr',          'pitr_7',            1, 'active',    30),
    ('acme/shop',      'custom_domain', 'cd_default',        1, 'active',    10),
    ('acme/shop',      'ipv4',          'ipv4_default',      1, 'active',    5),
    ('acme/shop',      'log_drain',     'log_drain_default', 2, 'active',    120),
    ('acme/api',       'ipv4',          'ipv4_default',      1, 'active',    3),
    ('acme/api',       'custom_domain', 'cd_default',        1, 'active',    14),
    ('acme/analytics', 'pitr',          'pitr_14',           1, 'cancelled', 7),
    ('acme/warehouse', 'pitr',          'pitr_28',           1, 'pending',   100),
    ('globex/reactor', 'pitr',          'pitr_7',            1, 'active',    60),
    ('globex/reactor', 'ipv4',          'ipv4_default',      1, 'active',    2),
    ('globex/website', 'custom_domain', 'cd_default',        1, 'active',    20),
    ('globex/archive', 'log_drain',     'log_drain_default', 1, 'inactive',  30)
) AS v (project, addon, variant, quantity, status, after)
JOIN project_list l ON l.path = v.project
JOIN platform.projects p ON p.id = l.id
JOIN platform.addon_catalog c ON c.addon_id = v.addon AND c.variant = v.variant
ON CONFLICT DO NOTHING;
