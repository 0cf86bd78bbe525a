import type { Settings } from '#libs/config';
import { ApiClient, chooseKey } from './api-client.js';

/** What every verb gets: the settings, and a client with the key that fits. */
export class Cli {
  constructor(readonly settings: Settings) {}

  client(as?: string): ApiClient {
    return new ApiClient(this.settings.apiUrl, chooseKey(this.settings, as));
  }
}
