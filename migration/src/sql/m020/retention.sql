-- How long an organization's plan keeps what is recorded; null: for ever, as the API says of a plan.
CREATE FUNCTION platform_private.days_kept(limits jsonb, name text) RETURNS interval
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(limits -> name) = 'number'
                THEN make_interval(days => (limits ->> name)::numeric::int) END;
COMMENT ON FUNCTION platform_private.days_kept(jsonb, text) IS 'A number of days out of a plan''s limits';

CREATE VIEW platform_private.retention AS
    SELECT s.organization_id,
           platform_private.days_kept(p.limits, 'audit_retention_days') AS audit,
           platform_private.days_kept(p.limits, 'metrics_retention_days') AS metrics
      FROM platform.subscriptions s
      JOIN platform.billing_plans p ON p.id = s.plan_id;
COMMENT ON VIEW platform_private.retention IS 'How long the plan of each organization keeps its audit trail and its metrics; null: for ever';

-- The trail is append-only for everybody, the owner too. What goes is what its organization's plan keeps no longer, and
-- nothing else: nobody can take a record away before its time. Records of no organization, or of one that is gone, are
-- kept for a year.
CREATE OR REPLACE FUNCTION platform.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept interval;
BEGIN
    IF TG_OP = 'DELETE' THEN
        SELECT r.audit INTO kept FROM platform_private.retention r WHERE r.organization_id = OLD.organization_id;
        IF NOT FOUND THEN
            kept := interval '365 days';
        END IF;
        IF OLD.created_at < now() - kept THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
