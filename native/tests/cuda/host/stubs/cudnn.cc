#include <cstddef>

#include "stub.h"

STUB_EXPORT size_t cudnnGetVersion() { return STUB_old ? 8907 : 91002; }

#define STUB(name) \
  STUB_EXPORT int name() { return 0; }
STUB(cudnnGetErrorString)
STUB(cudnnGetLastErrorString)
STUB(cudnnCreate)
STUB(cudnnDestroy)
STUB(cudnnSetStream)
STUB(cudnnBackendCreateDescriptor)
STUB(cudnnBackendDestroyDescriptor)
STUB(cudnnBackendSetAttribute)
STUB(cudnnBackendGetAttribute)
STUB(cudnnBackendFinalize)
#if !STUB_lacking
STUB(cudnnBackendExecute)
#endif
