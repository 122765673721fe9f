CREATE TABLE platform.billing_plans (
    id text PRIMARY KEY CHECK (id ~ '^[a-z][a-z0-9_]{0,49}$'),
    name text NOT NULL CHECK (platform.is_clean_text(name, 120)),
    description text CHECK (platform.is_clean_text(description, 1000)),
    price numeric(12,2) CHECK (price >= 0),
    currency char(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    "interval" text NOT NULL CHECK ("interval" IN ('month', 'year')),
    features jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(features) = 'array'),
    limits jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(limits) = 'object'),
    max_projects int CHECK (max_projects >= 0),
    max_members int CHECK (max_members >= 0),
    active boolean NOT NULL DEFAULT true,
    sort_order int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX billing_plans_active_sort_order_idx ON platform.billing_plans (active, sort_order);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.billing_plans
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.billing_plans IS 'The plans an organization can be on; a null limit is no limit, a null price is agreed one by one';

INSERT INTO platform.billing_plans
    (id, name, description, price, "interval", features, limits, max_projects, max_members, sort_order)
VALUES
    ('tier_free', 'Free', 'For trying things out', 0, 'month',
     '["2 projects", "5 members", "500 MB database", "2 GB bandwidth", "Community support"]',
     '{"database_size_gb": 0.5, "bandwidth_gb": 2, "audit_retention_days": 7, "metrics_retention_days": 7}', 2, 5, 10),
    ('tier_pro', 'Pro', 'For applications in production', 25, 'month',
     '["10 projects", "25 members", "8 GB database", "250 GB bandwidth", "E-mail support"]',
     '{"database_size_gb": 8, "bandwidth_gb": 250, "audit_retention_days": 30, "metrics_retention_days": 30}', 10, 25, 20),
    ('tier_team', 'Team', 'For teams that grow', 599, 'month',
     '["Unlimited projects", "100 members", "8 GB database", "250 GB bandwidth", "Priority support"]',
     '{"database_size_gb": 8, "bandwidth_gb": 250, "audit_retention_days": 90, "metrics_retention_days": 90}', NULL, 100, 30),
    ('tier_enterprise', 'Enterprise', 'On terms of your own', NULL, 'month',
     '["Unlimited projects", "Unlimited members", "24/7 support", "SLA"]',
     '{"database_size_gb": null, "bandwidth_gb": null, "audit_retention_days": 365, "metrics_retention_days": 365}', NULL, NULL, 40);

-- A plan that is in use but not among the seeds (made by the operator, lost by a rollback) is kept, retired.
INSERT INTO platform.billing_plans (id, name, "interval", active)
SELECT DISTINCT ON (plan_id) plan_id, plan_name, 'month', false FROM platform.subscriptions
ON CONFLICT DO NOTHING;

ALTER TABLE platform.subscriptions
    ADD CONSTRAINT subscriptions_plan_id_fkey FOREIGN KEY (plan_id)
        REFERENCES platform.billing_plans (id) ON DELETE RESTRICT;
