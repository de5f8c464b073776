namespace CtfService.Model.Cpu.MatMul;

/// <summary>What one tile multiplies: a few rows of the input times a few panels of the weights.</summary>
internal unsafe struct MatMulTile
{
    /// <summary>The tile's first panel.</summary>
    public byte* Weights;

    /// <summary>From one panel to the next.</summary>
    public long PanelBytes;

    /// <summary>From a panel's first vector of features to its second; twice that to the next pair of inputs.</summary>
    public long BlockBytes;

    /// <summary>One for each output feature of the whole matrix.</summary>
    public float* Scales;

    /// <summary>Pairs of inputs.</summary>
    public int Pairs;

    /// <summary>The tile's first row.</summary>
    public float* Input;

    /// <summary>Floats from one row to the next.</summary>
    public long InputStride;

    /// <summary>Number of the first row.</summary>
    public int Row;

    /// <summary>Number of the first panel.</summary>
    public int Panel;

    /// <summary>Weights that a later tile needs, fetched into the cache while this one computes.</summary>
    public byte* PrefetchStart;

    /// <summary>Cache lines to fetch for each pair of inputs, of each panel.</summary>
    public int PrefetchLines;
}
