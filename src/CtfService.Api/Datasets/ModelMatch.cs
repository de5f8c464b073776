using CtfService.Core.Models;
using CtfService.Datasets.Plans;

namespace CtfService.Api.Datasets;

/// <summary>Tells whether a model of this process draws the images of a data set in the same bytes as the one that it was accepted for.</summary>
internal static class ModelMatch
{
    private const int ShownDigits = 12;

    /// <summary>Returns in words what is different and what to do; null if nothing is.</summary>
    public static string? Difference(DatasetOrigin expected, ModelDescription model)
    {
        var here = DatasetOrigin.Of(model);
        return expected == here ? null
            : expected.BundleHash != here.BundleHash
                ? $"The data set is drawn with model '{expected.Model}' (bundle {Short(expected)}); loaded is '{here.Model}' (bundle {Short(here)}). "
                + "Its work goes on when that bundle is loaded again (POST /v1/admin/models)."
            : expected.Software != here.Software
                ? $"The data set was begun by {expected.Software} and this is {here.Software}, which may draw other bytes. "
                + "Let that version finish it, or cancel it and request it again."
            : $"The data set was begun with {Arithmetic(expected)} and this process computes with {Arithmetic(here)}, which gives other bytes. "
                + "Its work goes on where the model is loaded as before.";
    }

    private static string Short(DatasetOrigin origin) => origin.BundleHash[..Math.Min(ShownDigits, origin.BundleHash.Length)];

    private static string Arithmetic(DatasetOrigin origin) => string.Join(", ", ((string?[])[origin.Device, origin.Dtype, origin.Arithmetic]).OfType<string>());
}
