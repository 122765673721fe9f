CREATE TABLE platform.payment_methods (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    stripe_payment_method_id text UNIQUE CHECK (platform.is_clean_text(stripe_payment_method_id, 255)),
    type text NOT NULL CHECK (type IN ('card', 'sepa_debit', 'us_bank_account', 'link')),
    card_brand text CHECK (platform.is_clean_text(card_brand, 40)),
    card_last4 char(4) CHECK (card_last4 ~ '^[0-9]{4}$'),
    card_exp_month int CHECK (card_exp_month BETWEEN 1 AND 12),
    card_exp_year int CHECK (card_exp_year BETWEEN 2000 AND 2199),
    is_default boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX payment_methods_organization_id_created_at_idx
    ON platform.payment_methods (organization_id, created_at DESC);
CREATE UNIQUE INDEX payment_methods_one_default_key ON platform.payment_methods (organization_id) WHERE is_default;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.payment_methods
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.payment_methods IS 'How an organization pays; the details stay with the payment provider';

CREATE TABLE platform.tax_ids (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    type text NOT NULL CHECK (type ~ '^[a-z][a-z0-9_]{1,39}$'),
    value text NOT NULL CHECK (platform.is_clean_text(value, 100)),
    country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'verified', 'unverified')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tax_ids_organization_id_type_value_key UNIQUE (organization_id, type, value)
);

CREATE INDEX tax_ids_status_idx ON platform.tax_ids (status);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.tax_ids
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.tax_ids IS 'Tax numbers printed on an organization''s invoices';

CREATE TABLE platform.customer_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL UNIQUE REFERENCES platform.organizations (id) ON DELETE CASCADE,
    company_name text CHECK (platform.is_clean_text(company_name, 200)),
    contact_name text CHECK (platform.is_clean_text(contact_name, 200)),
    address_line1 text CHECK (platform.is_clean_text(address_line1, 200)),
    address_line2 text CHECK (platform.is_clean_text(address_line2, 200)),
    city text CHECK (platform.is_clean_text(city, 120)),
    state text CHECK (platform.is_clean_text(state, 120)),
    postal_code text CHECK (platform.is_clean_text(postal_code, 20)),
    country char(2) CHECK (country ~ '^[A-Z]{2}$'),
    phone text CHECK (platform.is_clean_text(phone, 40)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.customer_profiles
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.customer_profiles IS 'Name and address an organization is billed under';

CREATE TABLE platform.credits (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    amount numeric(12,2) NOT NULL CHECK (amount > 0),
    remaining numeric(12,2) NOT NULL,
    currency char(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    description text CHECK (platform.is_clean_text(description, 1000)),
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT credits_remaining_check CHECK (remaining BETWEEN 0 AND amount)
);

CREATE INDEX credits_expires_at_idx ON platform.credits (expires_at);
CREATE INDEX credits_organization_id_created_at_idx ON platform.credits (organization_id, created_at DESC);
-- Burning: the oldest expiry first, of what is left.
CREATE INDEX credits_left_idx ON platform.credits (organization_id, expires_at) WHERE remaining > 0;

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.credits
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.credits IS 'Money granted to an organization and what is left of it';
