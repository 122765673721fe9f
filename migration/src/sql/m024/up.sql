-- One bounded piece of what plans keep no longer, the oldest month first; what is of no organization that has a plan is
-- kept for a year. It deletes from the partitions themselves: there a row's place is enough to find it again.
CREATE FUNCTION platform_private.delete_expired(parent text, most bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key text := CASE parent WHEN 'project_metrics' THEN 'timestamp' WHEN 'database_metrics' THEN 'timestamp'
                            WHEN 'audit_logs' THEN 'created_at' END;
    kept text := CASE parent WHEN 'audit_logs' THEN 'audit' ELSE 'metrics' END;
    partition text;
    here bigint;
    deleted bigint := 0;
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION '% is not a partitioned table', parent USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass('platform.' || parent)
         ORDER BY c.relname !~ '_default$', c.relname
    LOOP
        EXECUTE format(
            'DELETE FROM platform.%1$I WHERE ctid = ANY (ARRAY(
                 SELECT e.ctid FROM platform.%1$I e
                   LEFT JOIN platform_private.retention r ON r.organization_id = e.organization_id
                  WHERE e.%2$I < now() - CASE WHEN r.organization_id IS NULL THEN interval ''365 days'' ELSE r.%3$I END
                  LIMIT $1))', partition, key, kept)
            USING most - deleted;
        GET DIAGNOSTICS here = ROW_COUNT;
        deleted := deleted + here;
        EXIT WHEN deleted >= most;
    END LOOP;
    RETURN deleted;
END $$;
COMMENT ON FUNCTION platform_private.delete_expired(text, bigint)
    IS 'Deletes at most so many rows of a series that their organization''s plan keeps no longer, returns how many';

-- How long the longest of all keeps a series; null where one keeps it for ever.
CREATE FUNCTION platform_private.longest_kept(series text) RETURNS interval
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_audit bool := series = 'audit_logs';
    longest interval;
    forever bool;
BEGIN
    SELECT max(CASE WHEN of_audit THEN r.audit ELSE r.metrics END),
           bool_or(CASE WHEN of_audit THEN r.audit ELSE r.metrics END IS NULL)
      INTO longest, forever FROM platform_private.retention r;
    IF forever THEN
        RETURN NULL;
    END IF;
    -- Records of nobody, and what is of an organization without a plan, are kept for a year.
    IF of_audit OR EXISTS (SELECT FROM platform.organizations o WHERE NOT EXISTS (
                            SELECT FROM platform_private.retention r WHERE r.organization_id = o.id))
    THEN
        longest := greatest(longest, interval '365 days');
    END IF;
    RETURN longest;
END $$;
COMMENT ON FUNCTION platform_private.longest_kept(text) IS 'How long the longest plan keeps a series; null: for ever';
