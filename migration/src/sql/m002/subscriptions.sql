-- The key plan_id -> billing_plans is added in 003, which makes that table.
CREATE TABLE platform.subscriptions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL UNIQUE REFERENCES platform.organizations (id) ON DELETE CASCADE,
    plan_id text NOT NULL CHECK (platform.is_clean_text(plan_id, 50)),
    plan_name text NOT NULL CHECK (platform.is_clean_text(plan_name, 120)),
    status text NOT NULL DEFAULT 'active' CHECK (status IN (
        'trialing', 'active', 'past_due', 'unpaid', 'incomplete', 'canceled', 'paused')),
    billing_cycle_anchor timestamptz NOT NULL,
    current_period_start timestamptz NOT NULL,
    current_period_end timestamptz NOT NULL,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    canceled_at timestamptz,
    trial_end timestamptz,
    usage_billing_enabled boolean NOT NULL DEFAULT true,
    spend_cap_enabled boolean NOT NULL DEFAULT false,
    spend_cap_amount numeric(12,2),
    stripe_customer_id text CHECK (platform.is_clean_text(stripe_customer_id, 255)),
    stripe_subscription_id text UNIQUE CHECK (platform.is_clean_text(stripe_subscription_id, 255)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscriptions_period_check CHECK (current_period_end > current_period_start),
    CONSTRAINT subscriptions_spend_cap_check CHECK (NOT spend_cap_enabled OR coalesce(spend_cap_amount > 0, false)),
    CONSTRAINT subscriptions_id_organization_id_key UNIQUE (id, organization_id)
);

CREATE INDEX subscriptions_status_idx ON platform.subscriptions (status);
CREATE INDEX subscriptions_plan_id_idx ON platform.subscriptions (plan_id);
CREATE INDEX subscriptions_stripe_customer_id_idx ON platform.subscriptions (stripe_customer_id);
-- The renewal job: whose period ends next.
CREATE INDEX subscriptions_due_idx ON platform.subscriptions (current_period_end)
    WHERE status IN ('trialing', 'active', 'past_due');

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.subscriptions
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.subscriptions IS 'The plan an organization is on, its period and its spend cap';
