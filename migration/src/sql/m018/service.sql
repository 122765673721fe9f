-- Tokens of the service principal. They prove themselves by the server's signature; what stands here says which there
-- are, and that one is out.
CREATE TABLE platform_private.service_tokens (
    id uuid PRIMARY KEY,
    label text NOT NULL CHECK (platform.is_clean_text(label, 120)),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE platform_private.service_tokens IS 'Tokens of the service principal: whose they are, when they end, whether they were revoked';

-- Rides on BEGIN. It sets no role: that is the next statement of the same message, and undone with the transaction.
CREATE FUNCTION platform_private.open_service(token uuid, OUT outcome text, OUT label text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT t.label INTO label FROM platform_private.service_tokens t
     WHERE t.id = token AND t.revoked_at IS NULL AND t.expires_at > now();
    IF NOT FOUND THEN
        outcome := 'refused';
        RETURN;
    END IF;
    PERFORM set_config('app.current_actor_label', 'service: ' || open_service.label, true);
    outcome := 'ok';
END $$;
COMMENT ON FUNCTION platform_private.open_service(uuid) IS 'Looks a service token up and names it in this transaction''s audit records';
GRANT EXECUTE ON FUNCTION platform_private.open_service(uuid) TO ogelbase_app;
