export { type Client, type ClientOptions, createClient, type Verdict } from './client.ts';
export { ValidatrError } from './error.ts';
export type * from './schema.ts';
export { verifyWebhook, type WebhookEvent, WebhookVerificationError } from './webhook.ts';
