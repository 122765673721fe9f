-- A client that got no answer sends the same again: the key finds what the first time made. The row is written in the
-- transaction of what it stands for, so a request that failed leaves no key, and a second one that comes meanwhile waits.
CREATE TABLE platform_private.idempotency_keys (
    user_id uuid NOT NULL REFERENCES platform.users (id) ON DELETE CASCADE,
    key text NOT NULL CHECK (platform.is_clean_text(key, 200)),
    mutation text NOT NULL CHECK (platform.is_clean_text(mutation, 100)),
    input_digest text NOT NULL CHECK (platform.is_digest(input_digest)),
    result_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON platform_private.idempotency_keys (created_at);
COMMENT ON TABLE platform_private.idempotency_keys IS 'What a user''s mutation with a key made, and from which input';

CREATE FUNCTION platform_private.claim_idempotency_key(
    wanted_key text, wanted_mutation text, digest text, new_id uuid, OUT outcome text, OUT made_id uuid)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me uuid := platform.current_active_user_id();
BEGIN
    INSERT INTO platform_private.idempotency_keys (user_id, key, mutation, input_digest, result_id)
    VALUES (me, wanted_key, wanted_mutation, digest, new_id)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        outcome := 'first';
        made_id := new_id;
        RETURN;
    END IF;
    SELECT k.result_id INTO made_id
      FROM platform_private.idempotency_keys k
     WHERE k.user_id = me AND k.key = wanted_key AND k.mutation = wanted_mutation AND k.input_digest = digest;
    outcome := CASE WHEN made_id IS NULL THEN 'mismatch' ELSE 'again' END;
END $$;
COMMENT ON FUNCTION platform_private.claim_idempotency_key(text, text, text, uuid)
    IS 'Takes a key of the caller''s for what is made now, or tells what was made under it';
GRANT EXECUTE ON FUNCTION platform_private.claim_idempotency_key(text, text, text, uuid) TO ogelbase_app;
