using ADRaffy.ENSNormalize;

namespace CtfService.Training.Data;

/// <summary>Names of classes.</summary>
internal static class ClassName
{
    /// <summary>Composes a name: macOS decomposes names (an e and an accent), other systems do not. .NET's own Normalize does nothing without ICU.</summary>
    public static string Composed(string name) => System.Text.Ascii.IsValid(name) ? name : ENSNormalize.NF.NFC(name);
}
