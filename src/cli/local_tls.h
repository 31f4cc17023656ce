// LocalTls: the certificate of a project in development, from an authority of this machine's own.
//
// Thread: main. Reads the environment: before there are other threads, or with a folder found
// earlier.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/settings.h"
#include "io/tls/local_authority.h"

namespace pear::cli {

// $XDG_DATA_HOME/pear/authority, or ~/.local/share/pear/authority; empty without a home.
[[nodiscard]] std::filesystem::path local_authority_folder();

// The authority's files, made where they are missing. `hosts`: names below localhost that the
// certificate has to stand for too.
[[nodiscard]] io::tls::LocalAuthority::Ready prepare_local_authority(
    const std::filesystem::path& folder, std::vector<std::string> hosts);

// Where settings of the dev preset ask for https and name no certificate: the local one. What is in
// the way is returned as sentences.
[[nodiscard]] std::vector<std::string> use_local_certificate(const std::filesystem::path& folder,
                                                             config::Settings& settings);

}  // namespace pear::cli
