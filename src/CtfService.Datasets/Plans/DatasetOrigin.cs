using CtfService.Core.Models;

namespace CtfService.Datasets.Plans;

/// <summary>What made the images of a data set. Images of two origins have other bytes, so one data set never mixes them.</summary>
/// <param name="Software">Name and version of this program.</param>
/// <param name="Model">Name of the model.</param>
/// <param name="BundleHash">As in <see cref="ModelDescription.BundleHash"/>.</param>
/// <param name="Device">As in <see cref="ModelDescription.Device"/>.</param>
/// <param name="Dtype">As in <see cref="ModelDescription.Dtype"/>.</param>
/// <param name="Arithmetic">As in <see cref="ModelDescription.Arithmetic"/>.</param>
public sealed record DatasetOrigin(string Software, string Model, string BundleHash, string? Device = null, string? Dtype = null, string? Arithmetic = null)
{
    /// <summary>Returns the origin of images that this process generates with a model.</summary>
    public static DatasetOrigin Of(ModelDescription model) =>
        new(ImageProvenance.ThisSoftware, model.Name, model.BundleHash, model.Device, model.Dtype, model.Arithmetic);
}
