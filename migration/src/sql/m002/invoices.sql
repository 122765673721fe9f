CREATE TABLE platform.invoices (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    subscription_id uuid,
    number text NOT NULL UNIQUE CHECK (platform.is_clean_text(number, 64)),
    stripe_invoice_id text UNIQUE CHECK (platform.is_clean_text(stripe_invoice_id, 255)),
    status text NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'uncollectible', 'void')),
    currency char(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal numeric(12,2) NOT NULL CHECK (subtotal >= 0),
    tax numeric(12,2) NOT NULL CHECK (tax >= 0),
    credit_applied numeric(12,2) NOT NULL CHECK (credit_applied >= 0),
    total numeric(12,2) NOT NULL CHECK (total >= 0),
    amount_due numeric(12,2) NOT NULL CHECK (amount_due >= 0),
    amount_paid numeric(12,2) NOT NULL CHECK (amount_paid >= 0),
    lines jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(lines) = 'array'),
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    due_at timestamptz,
    issued_at timestamptz,
    paid_at timestamptz,
    hosted_url text CHECK (platform.is_url(hosted_url)),
    pdf_url text CHECK (platform.is_url(pdf_url)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invoices_period_check CHECK (period_end > period_start),
    CONSTRAINT invoices_subscription_fkey FOREIGN KEY (subscription_id, organization_id)
        REFERENCES platform.subscriptions (id, organization_id) ON DELETE SET NULL (subscription_id)
);

CREATE INDEX invoices_subscription_id_idx ON platform.invoices (subscription_id, organization_id);
CREATE INDEX invoices_status_idx ON platform.invoices (status);
CREATE INDEX invoices_organization_id_period_start_idx ON platform.invoices (organization_id, period_start DESC);
CREATE UNIQUE INDEX invoices_one_per_period_key ON platform.invoices (organization_id, period_start, period_end)
    WHERE status <> 'void';

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.invoices
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.invoices IS 'One invoice per organization and period, with its lines';
