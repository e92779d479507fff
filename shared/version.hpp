// The version of both programs: CMake's project version, or a commit's (version.sh).
#pragma once

namespace solar {

#ifdef SOLAR_VERSION
inline constexpr const char* kVersion = SOLAR_VERSION;
#else
inline constexpr const char* kVersion = "0.0.0";
#endif

}  // namespace solar
