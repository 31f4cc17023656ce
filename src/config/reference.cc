// The reference for operators, from the schema. docs/operating/configuration.md is what this
// prints.
#include <array>

#include <fmt/format.h>

#include "config/load.h"
#include "config/schema.h"
#include "config/schema_tables.h"

namespace pear::config {
namespace {

constexpr std::string_view kOpening = R"(# Configuration

This page is generated from `src/config/`; a test compares the two. To change it, change the tables
there and run `PEAR_UPDATE_GOLDEN=1 config_test`.

`pear up`, `pear validate` and the other commands take a folder, a `pear.toml`, a `spin.toml` or a
component (`.wasm`). In a folder, `pear.toml` is read before `spin.toml`. A component needs no file:
it is served on every host and every path.

```toml
pear_version = 1

[server]
listen = "127.0.0.1:3000"

[site.shop]
hosts = ["shop.example.com"]
source = "shop.wasm"

[[site.shop.route]]
path = "/..."

[site.shop.limits]
memory = "64MiB"
cpu = "500ms"
```

`pear_version = 1` is required. A key that is not known is an error, never ignored; all errors are
listed at once, and while a new configuration has one, the old one stays in force. `pear validate`
prints the configuration in force and where each value came from.

The certificates, keys, OCSP responses and authorities that the configuration of https names are part
of it. What is wrong with them is an error of the line that names the file, in `pear validate` and when
the configuration is read again (SIGHUP): then all of the old one stays in force. A certificate that has
expired, is not valid yet or is never used is a warning. At the start there is no old one, and everything
else is served: https with the certificates that are right, and where none is, or the authorities of a
site's clients are wrong, handshakes are refused until the files are right. Files that change while Pear
serves are read within 5 seconds; what is wrong then is logged, and the former goes on.

## Where a value comes from

Each of these wins over those before it:

1. the default below,
2. the preset,
3. the file,
4. the environment,
5. `--set KEY=VALUE`, in the order of the command line,
6. flags of their own, such as `--listen`, `--https` and `--preset`.

`KEY` is the full name: `--set server.log.level=debug`, `--set site.shop.limits.memory=128MiB`. For
every site at once: `--set 'site.*.cages=5'`. A list is written with commas (`a,b`) or as TOML
(`["a", "b"]`).

| variable | what it sets |
| --- | --- |
| `PEAR_SET__SERVER__LOG__LEVEL=debug` | any key: in capitals, `__` for each dot; `-` in the name of a site is written `_` |
| `PEAR_LISTEN=0.0.0.0:8080` | `server.listen` |
| `LISTEN=0.0.0.0:8080` | the same, when `PEAR_LISTEN` is not set |
| `PORT=8080` | the port of each address in `server.listen`, when neither of the two is set |

An empty variable counts as one that is not set. The environment wins over the file, so check these
first when the server does not listen where the file says.

Paths in the file start from its folder; paths on the command line and in the environment from the
current one.

## Reload

SIGHUP (`systemctl reload`, `kill -HUP`) reads the file again. A file with problems changes nothing, and the log
names them. The tables below say what becomes of each key:

- `at once`: cores go by it from their next turn on, connections that are open included, but for what was agreed when
  a connection began (`http2.streams_max`, windows, most of `http3`). A site whose `limits`, `permissions`, `run` or component
  have changed gets new cages beside the old ones, which take over when they run and end when their requests have.
- `new start`: the former value stays in force. The log says so, with both values (`configuration_warning`).

## Units

| type | how it is written |
| --- | --- |
| size | a whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`: `"64KiB"` |
| time | a whole number and `ms`, `s`, `m` or `h`: `"1500ms"` |
| range of times | two of them: `"1s..60s"` |
| address | `"127.0.0.1:3000"`, `"[::1]:3000"`, `"localhost:3000"` (which is 127.0.0.1) |

A number without a unit is an error: what `memory = 128` means would be a guess.

)";

constexpr std::string_view kPresetsOpening = R"(## Presets

A preset is a set of defaults. Without a choice it is `dev` for a project (a `pear.toml` or a
`spin.toml`) and `default` for a bare component. Choose with `--preset`, or `preset` under `[server]`;
on a server, choose `prod`.

| key | default | dev | prod |
| --- | --- | --- | --- |
)";

constexpr std::string_view kPresetsNote = R"(
Under `dev` the server is reached by TLS too, beside its first address (`listen` on port 3000, `https`
on 3443), with a certificate that Pear makes itself; `pear trust` makes browsers believe it.
)";

constexpr std::string_view kFilesNote = R"(
Files: a guest sees the folders in `permissions.files`, read-only unless `writable = true`, and nothing
else. Where `permissions.allow_filesystem` is on and no folder is named, as under `dev`, it sees the
folder of the project at `/`, read-only. `files = []` turns that off.

)";

constexpr std::string_view kUnavailableOpening = R"(## Not in this version

These keys belong to capabilities that this version of Pear does not have. They are refused, so that
nobody relies on a protection that is not there.

)";

constexpr std::string_view kSpin = R"(
## spin.toml

Manifest version 2 is read. Each component with a public HTTP trigger becomes a site of that name, on
every host, with a fresh instance for each request as in Spin.

| in spin.toml | in Pear |
| --- | --- |
| `[[trigger.http]] route`, `component` | `route` of the site; `{ private = true }` is not served |
| `component.NAME.source` | `source`; a table with a URL is an error |
| `component.NAME.files` | `permissions.files` for `{ source, destination }`; a pattern is an error |
| `component.NAME.environment` | `permissions.environment` |
| `component.NAME.build` | `build`; several commands run one after the other |
| `component.NAME.allowed_outbound_hosts` | a warning: outgoing requests are denied in this version |
| `key_value_stores`, `sqlite_databases`, `ai_models`, `variables`, `dependencies` | an error unless empty |
| other keys | a warning, or silence for what only Spin's tools read |

Everything else has its default and can be changed with `--set`, or in a `pear.toml`.
)";

std::string default_of(const Key& key, Target target) {
  const std::string value = to_toml(get(key, target));
  return value.empty() ? std::string("empty") : fmt::format("`{}`", value);
}

// Text for a cell of a table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void add_keys(Scope scope, std::string_view root, std::string* out) {
  ServerSettings server;
  SiteSettings site;
  apply_preset(Preset::Default, &site);
  std::string section = "none yet";
  const auto close_section = [&] {
    if (section != "none yet") *out += section == "permissions" ? kFilesNote : "\n";
  };
  for (const Key& key : keys_of(scope)) {
    const std::size_t dot = key.path.rfind('.');
    const std::string own(dot == std::string_view::npos ? "" : key.path.substr(0, dot));
    if (own != section) {
      close_section();
      section = own;
      *out += fmt::format("## `[{}{}{}]`\n\n", root, own.empty() ? "" : ".", own);
      *out +=
          "| key | type | default | allowed | reload | what it is for |\n"
          "| --- | --- | --- | --- | --- | --- |\n";
    }
    *out += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key.path.substr(dot + 1),
                        cell(type_in_words(key)), cell(default_of(key, {server, site})),
                        cell(range_in_words(key)),
                        key.reload == Reload::AtOnce ? "at once" : "new start", cell(key.purpose));
  }
  close_section();
}

void add_presets(std::string* out) {
  *out += kPresetsOpening;
  ServerSettings server;
  std::array<SiteSettings, 3> sites;
  apply_preset(Preset::Default, sites.data());
  apply_preset(Preset::Dev, &sites[1]);
  apply_preset(Preset::Prod, &sites[2]);
  for (const Key& key : keys_of(Scope::Site)) {
    std::array<std::string, 3> values;
    for (std::size_t i = 0; i < sites.size(); ++i) values[i] = default_of(key, {server, sites[i]});
    if (values[0] == values[1] && values[0] == values[2]) continue;
    *out += fmt::format("| `{}` | {} | {} | {} |\n", key.path, values[0], values[1], values[2]);
  }
  *out += kPresetsNote;
  *out += "\n";
}

void add_unavailable(std::string* out) {
  *out += kUnavailableOpening;
  const auto list = [&](std::string_view where, std::span<const std::string_view> names) {
    std::string words;
    for (const std::string_view name : names) {
      words += fmt::format("{}`{}`", words.empty() ? "" : ", ", name);
    }
    *out += fmt::format("- {}: {}\n", where, words);
  };
  list("sections", unavailable_sections());
  list("under `[server]`", unavailable_keys(Scope::Server));
  list("under `[site.NAME]`", unavailable_keys(Scope::Site));
}

}  // namespace

std::string reference_markdown() {
  std::string out(kOpening);
  add_presets(&out);
  add_keys(Scope::Server, "server", &out);
  add_keys(Scope::Site, "site.NAME", &out);
  add_unavailable(&out);
  out += kSpin;
  return out;
}

}  // namespace pear::config
