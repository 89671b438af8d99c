// The device grant (RFC 8628): a screen shows a code, a person types it elsewhere, and the screen's polling sees the answer.

import assert from 'node:assert/strict';

import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { refusalOf, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const { server, proof } = await serve();
const screen = await relyingParty(server, 'screen');

/** Types a code at the device page and decides; the last page. */
async function decide(person, device, decision) {
  let page = await person.open(device.verification_uri);
  page = await person.submit(page, page.form('user_code'), { user_code: device.user_code });
  if (page.name === 'login') {
    page = await person.submit(page, page.form('username'), { username: person.username, password: person.password });
  }
  assert.equal(page.name, 'device-confirm', page.html);
  assert.ok(page.html.includes(device.user_code));
  return person.submit(page, page.form('user_code'), { decision });
}

proof('a person lets a device in, and the device’s polling gets its tokens', async () => {
  const device = await oidc.initiateDeviceAuthorization(screen, { scope: 'openid profile offline_access' });
  assert.match(device.user_code, /^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  assert.equal(device.interval, 5);
  const polling = oidc.pollDeviceAuthorizationGrant(screen, device);
  const person = new Person(server);
  const last = await decide(person, device, 'allow');
  assert.equal(last.status, 200);
  assert.deepEqual(person.seen, ['device', 'login', 'device-confirm', 'other']);
  const tokens = await polling;
  const claims = tokens.claims();
  assert.equal(claims.aud, 'apps.screen');
  assert.equal(claims.sid, undefined);
  const userinfo = await oidc.fetchUserInfo(screen, tokens.access_token, claims.sub);
  assert.equal(userinfo.name, 'Ada Lovelace');
  const again = await oidc.refreshTokenGrant(screen, tokens.refresh_token);
  assert.ok(again.refresh_token);
  const replay = oidc.genericGrantRequest(screen, GRANT, { device_code: device.device_code });
  assert.equal(await refusalOf(replay), 'invalid_grant');
});

proof('a person who says no ends the polling', async () => {
  const device = await oidc.initiateDeviceAuthorization(screen, { scope: 'openid' });
  const polling = refusalOf(oidc.pollDeviceAuthorizationGrant(screen, device));
  await decide(new Person(server), device, 'deny');
  assert.equal(await polling, 'access_denied');
});

proof('a device that polls before the decision waits, and one that polls too often is slowed down', async () => {
  const device = await oidc.initiateDeviceAuthorization(screen, { scope: 'openid' });
  const poll = () => refusalOf(oidc.genericGrantRequest(screen, GRANT, { device_code: device.device_code }));
  assert.equal(await poll(), 'authorization_pending');
  assert.equal(await poll(), 'slow_down');
});

proof('the address with the code in it still asks the person', async () => {
  const device = await oidc.initiateDeviceAuthorization(screen, { scope: 'openid' });
  const page = await new Person(server).open(device.verification_uri_complete);
  assert.equal(page.name, 'device');
  assert.ok(page.html.includes(`value="${device.user_code}"`));
});

proof('a code may be typed in small letters and without the dash', async () => {
  const device = await oidc.initiateDeviceAuthorization(screen, { scope: 'openid' });
  const person = new Person(server);
  const page = await person.open(device.verification_uri);
  const typed = device.user_code.toLowerCase().replace('-', ' ');
  const next = await person.submit(page, page.form('user_code'), { user_code: typed });
  assert.equal(next.name, 'login');
});

proof('a code that is not known is said to be unknown', async () => {
  const person = new Person(server);
  const page = await person.open(`${server.issuer}/device`);
  const next = await person.submit(page, page.form('user_code'), { user_code: 'BCDF-GHJK' });
  assert.equal(next.name, 'device');
  assert.match(next.html, /role="alert"/);
});

proof('only clients whose manifest says so get device codes', async () => {
  const web = await relyingParty(server, 'web-basic');
  const refused = oidc.initiateDeviceAuthorization(web, { scope: 'openid' });
  assert.equal(await refusalOf(refused), 'unauthorized_client');
});
