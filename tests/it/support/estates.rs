//! What an organization owns, made by SQL: what its pages show, in any number.

use uuid::Uuid;

use super::db::Sql;

/// For the service role.
impl Sql {
    /// Gives an organization a subscription, `rows` of everything it is billed by, and each of its projects a machine,
    /// add-ons, keys and `rows` of everything it has many of. The samples are a minute apart and end now.
    pub async fn furnish(&self, organization: Uuid, rows: i32) {
        for sql in [BILLED, PROJECTS, DATABASES, SAMPLES] {
            self.run_with(sql, [organization.into(), rows.into()]).await;
        }
    }
}

const BILLED: &str = "
    WITH subscription AS (
        INSERT INTO platform.subscriptions
               (organization_id, plan_id, plan_name, billing_cycle_anchor, current_period_start, current_period_end)
        SELECT $1, 'tier_pro', 'Pro', now(), now() - interval '1 day', now() + interval '29 days'
        RETURNING id, organization_id
    ), invoices AS (
        INSERT INTO platform.invoices (organization_id, subscription_id, number, status, subtotal, tax, credit_applied,
               total, amount_due, amount_paid, lines, period_start, period_end, issued_at)
        SELECT organization_id, id, format('%s-%s', $1, n), 'paid', n, 0, 0, n, n, n,
               format('[{\"description\": \"Plan\", \"quantity\": 1, \"unit_amount\": \"%s\", \"amount\": \"%1$s.00\"}]', n)::jsonb,
               now() - n * interval '1 month', now() - (n - 1) * interval '1 month', now() - n * interval '1 month'
          FROM subscription, generate_series(1, $2::int) n
    ), payment_methods AS (
        INSERT INTO platform.payment_methods (organization_id, type, card_brand, card_last4, is_default)
        SELECT $1, 'card', 'visa', lpad(n::text, 4, '0'), n = 1 FROM generate_series(1, $2::int) n
    ), tax_ids AS (
        INSERT INTO platform.tax_ids (organization_id, type, value, country)
        SELECT $1, 'eu_vat', 'IT' || n, 'IT' FROM generate_series(1, $2::int) n
    ), credits AS (
        INSERT INTO platform.credits (organization_id, amount, remaining, expires_at)
        SELECT $1, n, n, now() + n * interval '1 day' FROM generate_series(1, $2::int) n
    )
    INSERT INTO platform.customer_profiles (organization_id, company_name, city, country) VALUES ($1, 'Acme', 'Bolzano', 'IT')";

const PROJECTS: &str = "
    WITH project AS (
        SELECT id, organization_id FROM platform.projects WHERE organization_id = $1
    ), compute AS (
        INSERT INTO platform.compute_config (project_id, organization_id, instance_size, cpu_cores, memory_gb)
        SELECT id, organization_id, 'micro', 2, 1 FROM project
    ), disk AS (
        INSERT INTO platform.disk_config (project_id, organization_id) SELECT id, organization_id FROM project
    ), addons AS (
        INSERT INTO platform.project_addons
               (project_id, organization_id, addon_id, addon_variant, price_per_unit, status)
        SELECT id, organization_id, addon_id, variant, 1, status
          FROM project, (VALUES ('compute_instance', 'ci_micro', 'active'), ('ipv4', 'ipv4_default', 'active'),
                                ('pitr', 'pitr_7', 'cancelled')) addon (addon_id, variant, status)
    ), credentials AS (
        INSERT INTO platform.credentials
               (project_id, organization_id, anon_key_sealed, service_role_key_sealed, jwt_secret_sealed)
        SELECT id, organization_id, 'ogv1.k.A', 'ogv1.k.A', 'ogv1.k.A' FROM project
    )
    INSERT INTO platform.usage_metrics
           (organization_id, project_id, metric_type, metric_value, unit, period_start, period_end, cost)
    SELECT organization_id, id, metric, n, 'GB', now() - n * interval '1 hour', now() - (n - 1) * interval '1 hour', 1
      FROM project, generate_series(1, $2::int) n, unnest('{EGRESS,DATABASE_SIZE}'::text[]) metric";

const DATABASES: &str = "
    WITH made AS (
        INSERT INTO platform.databases (project_id, organization_id, name, type, connection_string_sealed, host, port)
        SELECT id, organization_id, 'database ' || n, 'postgres', 'ogv1.k.A', 'db.test', 5432
          FROM platform.projects, generate_series(1, least($2::int, 12)) n WHERE organization_id = $1
        RETURNING id, project_id, organization_id
    )
    INSERT INTO platform.database_connection_logs (database_id, project_id, organization_id, event_type, created_at)
    SELECT id, project_id, organization_id, 'connected', now() - n * interval '1 minute'
      FROM made, generate_series(1, $2::int) n";

const SAMPLES: &str = "
    INSERT INTO platform.project_metrics
           (project_id, organization_id, \"timestamp\", cpu_usage, memory_usage, network_in_bytes, active_connections)
    SELECT id, organization_id, now() - n * interval '1 minute', 50, 50, 1000, 5
      FROM platform.projects, generate_series(1, $2::int) n WHERE organization_id = $1";
