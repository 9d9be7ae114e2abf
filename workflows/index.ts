export { deliverWebhook } from './deliver-webhook.ts';
export { reconcile } from './reconcile.ts';
export { removeExpired } from './remove-expired.ts';
export { validateAsset } from './validate-asset.ts';
