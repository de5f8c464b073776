namespace CtfService.Model.Cpu.MatMul;

#pragma warning disable CA1720 // the members are named after types because the formats are types

/// <summary>Storage format of weights. Arithmetic is always float32; fewer bytes per weight only make small batches faster.</summary>
public enum WeightFormat
{
    /// <summary>As trained.</summary>
    Float32,

    /// <summary>Rounded to 8 bits of precision, with a relative error of at most 2^-9 per weight. The KV cache is bfloat16 too.</summary>
    BFloat16,

    /// <summary>
    /// Integers from -127 to 127 with one scale per output feature, with an error of at most 1/254 of the feature's largest weight. The KV cache is
    /// bfloat16.
    /// </summary>
    Int8,
}
