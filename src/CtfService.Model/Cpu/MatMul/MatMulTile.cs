namespace CtfService.Model.Cpu.MatMul;

/// <summary>The arguments of a micro-kernel: MR rows of the input, one or two panels of the weights, and the weights to prefetch.</summary>
internal unsafe struct MatMulTile
{
    /// <summary>Start of the first panel.</summary>
    public byte* Weights;

    /// <summary>Bytes from one panel to the next.</summary>
    public long PanelBytes;

    /// <summary>Bytes from a panel's first vector of output features to its second. The next pair of inputs follows after twice as many.</summary>
    public long BlockBytes;

    /// <summary>[output features of the matrix]: the scales of quantized weights.</summary>
    public float* Scales;

    /// <summary>Pairs of input features: half of K, rounded up.</summary>
    public int Pairs;

    /// <summary>Start of the first row of the input.</summary>
    public float* Input;

    /// <summary>Floats from one row of the input to the next.</summary>
    public long InputStride;

    /// <summary>Index of the first row.</summary>
    public int Row;

    /// <summary>Index of the first panel.</summary>
    public int Panel;

    /// <summary>Start of the weights to prefetch: those of a later tile, or later ones of this tile.</summary>
    public byte* PrefetchStart;

    /// <summary>Cache lines to prefetch per pair of inputs and panel; 0 for none.</summary>
    public int PrefetchLines;
}
