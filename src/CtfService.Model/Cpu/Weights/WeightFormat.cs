namespace CtfService.Model.Cpu.Weights;

#pragma warning disable CA1720 // names of types: that is what the formats are

/// <summary>How weights lie in memory. Arithmetic is float32 in all of them: fewer bytes per weight make a small batch faster, nothing else.</summary>
public enum WeightFormat
{
    /// <summary>As trained.</summary>
    Float32,

    /// <summary>Rounded to 8 bits of precision: relative error up to 2^-9 for each weight. Keys and values are cached the same way.</summary>
    BFloat16,

    /// <summary>Whole numbers from -127 to 127 with one scale per output feature: error up to 1/254 of the feature's largest weight. Cache as with bfloat16.</summary>
    Int8,
}
