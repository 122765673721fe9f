CREATE OR REPLACE FUNCTION platform.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP VIEW platform_private.retention;
DROP FUNCTION platform_private.days_kept(jsonb, text);

DROP TRIGGER outbox_wakes_jobs ON platform_private.outbox;
DROP FUNCTION platform_private.wake_jobs();
-- What was sent has lost its content, which the step before does not know.
DELETE FROM platform_private.outbox WHERE letter_sealed IS NULL;
ALTER TABLE platform_private.outbox
    DROP CONSTRAINT outbox_content_check,
    ALTER COLUMN letter_sealed SET NOT NULL;

DROP TABLE platform_private.jobs;
