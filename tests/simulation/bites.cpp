#include "tests/simulation/bites.hpp"

namespace solar::test {

namespace {

constexpr std::array<const char*, kBites> kNames{
    "gateway killed",
    "gateway killed in a commit",
    "gateway killed in the middle of a turn",
    "gateway's power cut",
    "gateway's waiting removals lost",
    "gateway's card cloned",
    "gateway's disk full",
    "outbox full",
    "forwarder killed",
    "forwarder killed between commit and PUBACK",
    "forwarder killed in a commit",
    "forwarder killed in the middle of a turn",
    "forwarder's power cut",
    "forwarder's disk lost with readings on it",
    "forwarder's disk full",
    "forwarder left by the rule",
    "forwarder gone for good",
    "reading passed by at a filling inbox",
    "subscription left at a full inbox",
    "broker restarted, subscriptions forgotten",
    "broker killed, messages forgotten",
    "broker wiped",
    "dropped after PUBACK: nobody subscribed",
    "dropped after PUBACK: session's queue full",
    "dealt to a member that is offline",
    "session expired with readings",
    "session taken over",
    "session present, subscription gone",
    "message delivered again",
    "PUBACK lost",
    "message lost on the link",
    "link reset",
    "link silent",
    "link silent one way",
    "process frozen",
    "clock jumped 400 days",
    "clock in 1970",
    "central unreachable",
    "central hanging until the timeout",
    "central slow",
    "central's 5xx",
    "central's 429 with Retry-After",
    "central's 401, 403, 404",
    "reading refused with 400, 413, 422",
    "central refusing everything",
    "central stored and did not answer",
    "request arrived twice",
    "central's 409",
    "reading stored before",
    "reading sent again",
    "refused reading offered again",
};

}  // namespace

const char* to_string(Bite bite) { return kNames[static_cast<std::size_t>(bite)]; }

}  // namespace solar::test
