-- Change notices for every replica: ids only, so that nothing is told to who may not read it; each listener reads the
-- row itself, as its own user. Metrics send none: a notice for each of their rows would serialise every ingest.
CREATE FUNCTION platform_private.notify_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    PERFORM pg_notify('ogelbase_changes', jsonb_strip_nulls(jsonb_build_object(
        'table', TG_ARGV[0], 'op', lower(TG_OP), 'id', changed->'id',
        'organization_id', CASE WHEN TG_ARGV[0] = 'organizations' THEN changed->'id' ELSE changed->'organization_id' END,
        'project_id', CASE WHEN TG_ARGV[0] = 'projects' THEN changed->'id' ELSE changed->'project_id' END))::text);
    RETURN NULL;
END $$;

CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON platform.organizations
    FOR EACH ROW EXECUTE FUNCTION platform_private.notify_change('organizations');
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON platform.projects
    FOR EACH ROW EXECUTE FUNCTION platform_private.notify_change('projects');
CREATE TRIGGER notify_change AFTER INSERT OR UPDATE OR DELETE ON platform.databases
    FOR EACH ROW EXECUTE FUNCTION platform_private.notify_change('databases');
CREATE TRIGGER notify_change AFTER INSERT ON platform.audit_logs
    FOR EACH ROW EXECUTE FUNCTION platform_private.notify_change('audit_logs');
