// The programs' edges, replaced when the simulation is linked: Paho's client (link_seam.cpp), curl (http_seam.cpp), and
// the operating system's randomness, exit and log (process_seam.cpp). Everything else of the programs is the real code.
#pragma once

namespace solar::test {

/// Each must be called for its file to be linked in place of the real one.
void link_seam_is_in();
void http_seam_is_in();
void process_seam_is_in();

}  // namespace solar::test
