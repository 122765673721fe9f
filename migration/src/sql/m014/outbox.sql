-- A mail is written in the transaction of what it tells of, and sent afterwards: it is neither lost nor sent for what
-- did not happen. Its content is sealed by the server's vault, because it holds links that are as good as a password.
CREATE TABLE platform_private.outbox (
    id uuid PRIMARY KEY,
    recipient text NOT NULL CHECK (platform.is_email(recipient)),
    letter_sealed text NOT NULL CHECK (platform.is_sealed(letter_sealed)),
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    sent_at timestamptz,
    failed_at timestamptz,
    last_error text,
    CONSTRAINT outbox_outcome_check CHECK (num_nonnulls(sent_at, failed_at) <= 1)
);
CREATE INDEX outbox_due_idx ON platform_private.outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
COMMENT ON TABLE platform_private.outbox IS 'Mails that wait to be sent, and for a while those that were';

CREATE FUNCTION platform_private.enqueue_mail(id uuid, recipient text, letter_sealed text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO platform_private.outbox (id, recipient, letter_sealed) VALUES ($1, $2, $3);
END $$;
COMMENT ON FUNCTION platform_private.enqueue_mail(uuid, text, text) IS 'Puts a mail into the outbox; what is not sealed by the server is never sent';
GRANT EXECUTE ON FUNCTION platform_private.enqueue_mail(uuid, text, text) TO ogelbase_app;
