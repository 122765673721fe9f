CREATE TABLE platform.project_addons (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    project_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    addon_id text NOT NULL,
    addon_variant text NOT NULL,
    quantity int NOT NULL DEFAULT 1 CHECK (quantity > 0),
    price_per_unit numeric(12,2) NOT NULL CHECK (price_per_unit >= 0),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'pending', 'cancelled')),
    activated_at timestamptz NOT NULL DEFAULT now(),
    deactivated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT project_addons_project_id_addon_id_key UNIQUE (project_id, addon_id),
    CONSTRAINT project_addons_project_fkey FOREIGN KEY (project_id, organization_id)
        REFERENCES platform.projects (id, organization_id) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT project_addons_addon_fkey FOREIGN KEY (addon_id, addon_variant)
        REFERENCES platform.addon_catalog (addon_id, variant) ON DELETE RESTRICT
);

CREATE INDEX project_addons_organization_id_project_id_idx ON platform.project_addons (organization_id, project_id);
CREATE INDEX project_addons_status_idx ON platform.project_addons (status);
CREATE INDEX project_addons_addon_id_addon_variant_idx ON platform.project_addons (addon_id, addon_variant);

CREATE TRIGGER set_updated_at BEFORE UPDATE ON platform.project_addons
    FOR EACH ROW EXECUTE FUNCTION platform.set_updated_at();

COMMENT ON TABLE platform.project_addons IS 'What was added to a project, at the price agreed then';

-- Who keeps an add-on that was retired still sees its name and interval, though not the catalog row.
CREATE FUNCTION platform.addon_terms(addon_id text, variant text)
    RETURNS TABLE (name text, "interval" text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.name, c."interval" FROM platform.addon_catalog c WHERE c.addon_id = $1 AND c.variant = $2
$$;

-- An hour counts 730 times in a month.
CREATE VIEW platform.subscription_addons WITH (security_invoker = true) AS
SELECT pa.id, pa.organization_id, s.id AS subscription_id, pa.project_id, p.name AS project_name,
       pa.addon_id, pa.addon_variant, t.name, t."interval", pa.quantity, pa.price_per_unit,
       round(pa.price_per_unit * pa.quantity
             * CASE t."interval" WHEN 'hour' THEN 730 WHEN 'year' THEN 1 / 12.0 ELSE 1 END, 2)::numeric(12,2)
           AS monthly_amount,
       pa.activated_at
FROM platform.project_addons pa
JOIN platform.projects p ON p.id = pa.project_id
LEFT JOIN platform.subscriptions s ON s.organization_id = pa.organization_id
CROSS JOIN LATERAL platform.addon_terms(pa.addon_id, pa.addon_variant) t
WHERE pa.status = 'active';

COMMENT ON VIEW platform.subscription_addons IS 'An organization''s active add-ons over all its projects, with price and monthly amount';

GRANT EXECUTE ON FUNCTION platform.addon_terms(text, text) TO ogelbase_app;
GRANT SELECT ON platform.subscription_addons TO ogelbase_app;
