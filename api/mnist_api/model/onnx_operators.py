"""ONNX's operators, by what the size of their output depends on.

An operator in none of these sets is not supported: control flow, and operators whose output size
depends on values in other ways, or whose output is text, a sequence or an optional value. Nor are
those whose time or memory depends on values: MaxRoiPool, Mod (as fmod) and RoiAlign.
"""

CONTROL_FLOW = frozenset(("If", "Loop", "Scan", "SequenceMap"))

# The sizes of their operands and their attributes.
BY_SIZES = frozenset(
    """
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh Attention AveragePool
    BatchNormalization BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike
    CausalConvWithState Ceil Celu Clip Concat Constant Conv ConvInteger ConvTranspose Cos Cosh
    CumProd CumSum DeformConv DepthToSpace DequantizeLinear Det Div DynamicQuantizeLinear Einsum
    Elu Equal Erf Exp EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm
    GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample
    GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN LRN
    LSTM LayerNormalization LeakyRelu Less LessOrEqual LinearAttention Log LogSoftmax
    LpNormalization LpPool MatMul MatMulInteger Max MaxPool Mean
    MeanVarianceNormalization Min Mish Mul Neg NegativeLogLikelihoodLoss Not Or PRelu Pow
    QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN Reciprocal Relu ReverseSequence
    RotaryEmbedding Round Scatter ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin
    Sinh Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Sqrt Sub Sum SwiGLU Swish
    Tan Tanh TensorScatter ThresholdedRelu Transpose Trilu Where Xor
    """.split()  # noqa: SIM905 # words are easier to read
)

# The values of all operands but the first, in some version of the operator.
BY_LATER_VALUES = frozenset(
    """
    AffineGrid CenterCropPad Col2Im Compress DFT Expand OneHot Pad ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Reshape
    Resize STFT Slice Split Squeeze Tile TopK Unsqueeze Upsample
    """.split()  # noqa: SIM905 # words are easier to read
)

# The values of all operands.
BY_ALL_VALUES = frozenset(
    """
    BlackmanWindow ConstantOfShape HammingWindow HannWindow MelWeightMatrix NonMaxSuppression
    NonZero Range Unique
    """.split()  # noqa: SIM905 # words are easier to read
)

# The sizes of their operands; the output's values are random.
RANDOM = frozenset(
    """
    Bernoulli Dropout Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike
    """.split()  # noqa: SIM905 # words are easier to read
)

# The output's values are sizes, which depend only on the number of images.
SIZES = frozenset(("Shape", "Size"))

SUPPORTED = BY_SIZES | BY_LATER_VALUES | BY_ALL_VALUES | RANDOM | SIZES
