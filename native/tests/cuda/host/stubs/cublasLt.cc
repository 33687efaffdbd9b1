#include <cstddef>

#include "stub.h"

STUB_EXPORT size_t cublasLtGetVersion() { return STUB_old ? 111103 : 130002; }

#define STUB(name) \
  STUB_EXPORT int name() { return 0; }
STUB(cublasLtGetStatusString)
STUB(cublasLtCreate)
STUB(cublasLtDestroy)
STUB(cublasLtMatmulDescCreate)
STUB(cublasLtMatmulDescDestroy)
STUB(cublasLtMatmulDescSetAttribute)
STUB(cublasLtMatrixLayoutCreate)
STUB(cublasLtMatrixLayoutDestroy)
STUB(cublasLtMatmulPreferenceCreate)
STUB(cublasLtMatmulPreferenceDestroy)
STUB(cublasLtMatmulPreferenceSetAttribute)
STUB(cublasLtMatmulAlgoGetHeuristic)
#if !STUB_lacking
STUB(cublasLtMatmul)
#endif
