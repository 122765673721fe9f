DROP FUNCTION platform_private.enqueue_mail(uuid, text, text);
DROP TABLE platform_private.outbox;
DROP TABLE platform_private.one_time_tokens;
