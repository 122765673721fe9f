-- Keeps the organization that was billed, also when the project moves or goes: so its project key
-- is single-column and is cleared, not cascaded.
CREATE TABLE platform.usage_metrics (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id uuid NOT NULL REFERENCES platform.organizations (id) ON DELETE CASCADE,
    project_id uuid REFERENCES platform.projects (id) ON DELETE SET NULL,
    metric_type text NOT NULL CHECK (platform.is_clean_text(metric_type, 100)),
    metric_value numeric(24,6) NOT NULL CHECK (metric_value >= 0),
    unit text NOT NULL CHECK (platform.is_clean_text(unit, 40)),
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    cost numeric(12,4) NOT NULL DEFAULT 0 CHECK (cost >= 0),
    idempotency_key text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT usage_metrics_period_check CHECK (period_end > period_start),
    CONSTRAINT usage_metrics_organization_id_idempotency_key_key UNIQUE (organization_id, idempotency_key)
);

CREATE INDEX usage_metrics_organization_id_period_start_idx
    ON platform.usage_metrics (organization_id, period_start DESC);
CREATE INDEX usage_metrics_project_id_period_start_idx ON platform.usage_metrics (project_id, period_start DESC);
CREATE INDEX usage_metrics_metric_type_idx ON platform.usage_metrics (metric_type);
CREATE INDEX usage_metrics_organization_id_metric_type_period_start_idx
    ON platform.usage_metrics (organization_id, metric_type, period_start);

COMMENT ON TABLE platform.usage_metrics IS 'What was used and what it cost: the evidence behind an invoice';
