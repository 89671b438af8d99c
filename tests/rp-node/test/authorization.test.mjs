// What a relying party may say in an authorization request, and what comes back: pushed requests, form_post, prompt,
// max_age, hints, claims, consent.

import assert from 'node:assert/strict';

import * as oidc from 'openid-client';

import { Person } from '../fixture/person.mjs';
import { CALLBACK, errorOf, logIn, loginRequest, relyingParty } from '../fixture/relying-party.mjs';
import { serve } from '../fixture/suite.mjs';

const { server, proof } = await serve();
const config = await relyingParty(server, 'web-basic');
const asking = await relyingParty(server, 'asking');
const pushing = await relyingParty(server, 'pushed');

/** Somebody who is logged in already. */
async function loggedIn(options) {
  const person = new Person(server, options);
  const tokens = await logIn(config, person);
  person.seen = [];
  return { person, tokens };
}

proof('a pushed request logs a person in, and its reference is spent with the answer', async () => {
  const { url, checks } = await loginRequest(pushing, { scope: 'openid profile' }, { pushed: true });
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  const person = new Person(server);
  assert.equal((await person.open(url)).name, 'login');
  const tokens = await oidc.authorizationCodeGrant(pushing, await person.authorize(url), checks);
  assert.equal(tokens.scope, 'openid profile');
  const again = await person.go(url);
  assert.equal(again.name, 'error');
});

proof('a pushed request of one client is not opened for another', async () => {
  const { url } = await loginRequest(pushing, {}, { pushed: true });
  url.searchParams.set('client_id', 'apps.web-basic');
  assert.equal((await new Person(server).go(url)).name, 'error');
});

proof('where policy wants requests pushed, another one is refused', async () => {
  assert.equal(await errorOf(pushing, new Person(server)), 'invalid_request');
});

proof('pushing judges the request at once', async () => {
  const push = oidc.buildAuthorizationUrlWithPAR(pushing, { redirect_uri: 'https://evil.example/', scope: 'openid' });
  await assert.rejects(push, (error) => error instanceof oidc.ResponseBodyError && error.error === 'invalid_request');
});

proof('the answer may come as a form that the browser posts', async () => {
  const tokens = await logIn(config, new Person(server), { response_mode: 'form_post' });
  assert.ok(tokens.claims().sub);
});

proof('an error may come as a form too', async () => {
  const { url, checks } = await loginRequest(config, { response_mode: 'form_post', prompt: 'none' });
  const answer = await new Person(server).authorizeByForm(url);
  await assert.rejects(
    oidc.authorizationCodeGrant(config, answer, checks),
    (error) => error instanceof oidc.AuthorizationResponseError && error.error === 'login_required',
  );
});

proof('every answer names the issuer, and another issuer is not believed', async () => {
  for (const parameters of [{}, { prompt: 'none' }]) {
    const { url } = await loginRequest(config, parameters);
    const answer = await new Person(server).authorize(url);
    assert.equal(answer.searchParams.get('iss'), server.issuer);
  }
  const { url, checks } = await loginRequest(config);
  const answer = await new Person(server).authorize(url);
  answer.searchParams.set('iss', 'https://mix-up.example');
  await assert.rejects(
    oidc.authorizationCodeGrant(config, answer, checks),
    (error) => /"iss" \(issuer\) response parameter/.test(error.cause.message),
  );
});

proof('prompt=none never shows a page', async () => {
  const stranger = new Person(server);
  assert.equal(await errorOf(config, stranger, { prompt: 'none' }), 'login_required');
  assert.deepEqual(stranger.seen, []);
  const { person } = await loggedIn();
  const tokens = await logIn(config, person, { prompt: 'none' });
  assert.ok(tokens.id_token);
  assert.equal(await errorOf(asking, person, { prompt: 'none' }), 'consent_required');
  assert.deepEqual(person.seen, []);
});

proof('prompt=login asks for the password although a session is there', async () => {
  const { person, tokens } = await loggedIn();
  const again = await logIn(config, person, { prompt: 'login' });
  assert.deepEqual(person.seen, ['login']);
  assert.equal(again.claims().sub, tokens.claims().sub);
  assert.equal(again.claims().sid, tokens.claims().sid);
});

proof('prompt=select_account lets the person go on as who they are', async () => {
  const { person, tokens } = await loggedIn();
  const again = await logIn(config, person, { prompt: 'select_account' });
  assert.deepEqual(person.seen, ['select']);
  assert.equal(again.claims().sub, tokens.claims().sub);
});

proof('prompt=select_account lets the person become somebody else', async () => {
  const { person, tokens } = await loggedIn();
  person.username = 'grace';
  const again = await logIn(config, person, { prompt: 'select_account' }, { answers: { select: 'switch' } });
  assert.deepEqual(person.seen, ['select', 'login']);
  assert.notEqual(again.claims().sub, tokens.claims().sub);
});

proof('max_age=0 wants a new login, and a generous max_age does not', async () => {
  const { person } = await loggedIn();
  const fresh = await logIn(config, person, { max_age: '0' });
  assert.ok(Number.isInteger(fresh.claims().auth_time));
  assert.deepEqual(person.seen, ['login']);
  await logIn(config, person, { max_age: '3600' });
  assert.deepEqual(person.seen, ['login']);
});

proof('id_token_hint of the person who is there passes without a page', async () => {
  const { person, tokens } = await loggedIn();
  const again = await logIn(config, person, { id_token_hint: tokens.id_token, prompt: 'none' });
  assert.equal(again.claims().sub, tokens.claims().sub);
});

proof('id_token_hint of somebody else wants that person', async () => {
  const { tokens } = await loggedIn({ username: 'grace' });
  const { person } = await loggedIn();
  const hint = { id_token_hint: tokens.id_token };
  assert.equal(await errorOf(config, person, { ...hint, prompt: 'none' }), 'login_required');
  const { url } = await loginRequest(config, hint);
  assert.equal((await person.open(url)).name, 'login');
});

proof('login_hint is put into the form', async () => {
  const { url } = await loginRequest(config, { login_hint: 'grace' });
  const page = await new Person(server).open(url);
  assert.match(page.html, /name="username"[^>]*value="grace"/);
});

proof('claims names single claims for the ID token and for userinfo', async () => {
  const claims = { id_token: { name: { essential: true } }, userinfo: { email: null, phone_number: null } };
  const tokens = await logIn(config, new Person(server), { claims: JSON.stringify(claims) });
  assert.equal(tokens.claims().name, 'Ada Lovelace');
  assert.equal(tokens.claims().email, undefined);
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(userinfo.email, 'ada@example.com');
  assert.equal(userinfo.phone_number, '+44 20 7946 0000');
  assert.equal(userinfo.name, undefined);
});

proof('scopes give their claims', async () => {
  const scope = 'openid profile email address phone groups';
  const tokens = await logIn(config, new Person(server), { scope });
  const inToken = tokens.claims();
  assert.equal(inToken.email, 'ada@example.com');
  assert.equal(inToken.email_verified, true);
  assert.deepEqual(inToken.groups, ['staff', 'analysts']);
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, inToken.sub);
  assert.equal(userinfo.given_name, 'Ada');
  assert.equal(userinfo.address.locality, 'London');
  assert.equal(userinfo.phone_number_verified, false);
});

proof('an essential acr that cannot be reached is an error', async () => {
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['https://loa.example/high'] } } });
  assert.equal(await errorOf(config, new Person(server), { claims }), 'unmet_authentication_requirements');
  const tokens = await logIn(config, new Person(server), { acr_values: 'https://loa.example/high' });
  assert.ok(tokens.claims().acr);
});

proof('a client that is not trusted asks, once', async () => {
  const person = new Person(server);
  await logIn(asking, person, { scope: 'openid profile' });
  await logIn(asking, person, { scope: 'openid profile' });
  assert.deepEqual(person.seen, ['login', 'consent']);
  await logIn(asking, person, { scope: 'openid profile email' });
  assert.deepEqual(person.seen, ['login', 'consent', 'consent']);
  await logIn(asking, person, { scope: 'openid', prompt: 'consent' });
  assert.deepEqual(person.seen, ['login', 'consent', 'consent', 'consent']);
});

proof('the consent page names the client, its owner, where it leads, and what it wants', async () => {
  const { person } = await loggedIn({ username: 'grace' });
  const { url } = await loginRequest(asking, { scope: 'openid orders:read', resource: 'https://api.example/orders' });
  const page = await person.open(url);
  for (const word of ['Asking', 'apps/asking', 'rp.example', 'orders:read', 'https://api.example/orders']) {
    assert.ok(page.html.includes(word), word);
  }
});

proof('a person who says no is sent back with access_denied', async () => {
  const person = new Person(server, { username: 'grace' });
  assert.equal(await errorOf(asking, person, {}, { answers: { decision: 'deny' } }), 'access_denied');
});

proof('a redirect URI that is not registered is never redirected to', async () => {
  for (const redirect_uri of ['https://evil.example/callback', `${CALLBACK}/`, `${CALLBACK}?x=y`, 'https://RP.example/callback']) {
    const { url } = await loginRequest(config, { redirect_uri });
    const page = await new Person(server).go(url);
    assert.equal(page.name, 'error', redirect_uri);
    assert.equal(page.status, 400);
  }
});

for (const [parameters, error] of [
  [{ scope: 'openid payroll' }, 'invalid_scope'],
  [{ response_type: 'token' }, 'unsupported_response_type'],
  [{ code_challenge_method: 'plain' }, 'invalid_request'],
  [{ request: 'e30.e30.' }, 'request_not_supported'],
  [{ request_uri: 'https://rp.example/request' }, 'request_uri_not_supported'],
  [{ resource: 'https://other.example/' }, 'invalid_target'],
  [{ prompt: 'none login' }, 'invalid_request'],
  [{ max_age: '-1' }, 'invalid_request'],
]) {
  proof(`${Object.entries(parameters).flat().join('=')} is answered ${error}`, async () => {
    assert.equal(await errorOf(config, new Person(server), parameters), error);
  });
}

proof('pages speak the language of ui_locales, then that of the browser', async () => {
  const { url } = await loginRequest(config, { ui_locales: 'fr de' });
  assert.equal((await new Person(server).open(url)).language, 'de');
  const plain = await loginRequest(config);
  assert.equal((await new Person(server, { language: 'de-AT,en;q=0.5' }).open(plain.url)).language, 'de');
  assert.equal((await new Person(server, { language: 'fr' }).open(plain.url)).language, 'en');
});
