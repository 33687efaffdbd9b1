// A stand-in for one of NVIDIA's libraries: every function that is declared, doing nothing. STUB_old tells an
// old version, STUB_lacking leaves one function out.
#pragma once

#ifndef STUB_old
#define STUB_old 0
#endif
#ifndef STUB_lacking
#define STUB_lacking 0
#endif

#define STUB_EXPORT extern "C" __attribute__((visibility("default")))
