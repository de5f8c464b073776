using System.Text.Json;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Storage;

namespace CtfService.Training.Evaluation.Samples;

/// <summary>
/// What all images of a folder have in common, stored as <c>samples.json</c>. Images of different models or settings must not be mixed in an evaluation.
/// </summary>
/// <param name="Sampler">Earlier files name none: they were drawn by inverting the distribution.</param>
internal sealed record SampleOrigin(
    string Model,
    string BundleHash,
    string? Device,
    string? Dtype,
    ulong Seed,
    SamplingSettings Coarse,
    SamplingSettings Fine,
    string Sampler = "inverse_cdf")
{
    public static SampleOrigin Of(ModelDescription model, SamplePlan plan) =>
        new(model.Name, model.BundleHash, model.Device, model.Dtype, plan.Seed, plan.Coarse, plan.Fine, plan.Sampler);

    /// <summary>Writes the file if it does not exist; otherwise throws if it differs.</summary>
    /// <exception cref="InvalidDataException">The file differs; the message names the differences.</exception>
    public void RequireOrWrite(string path)
    {
        if (!File.Exists(path))
        {
            AtomicFile.WriteText(path, JsonSerializer.Serialize(this, BundleJson.Options) + "\n");
            return;
        }

        if (Read(path) is not { } found)
        {
            throw new InvalidDataException($"{path}: does not record the model of the images in this folder. Choose another folder, or delete this one.");
        }

        if (found != this)
        {
            throw new InvalidDataException(
                $"{path}: the images in this folder were generated with {Differences(found)}. Choose another folder, or delete this one.");
        }
    }

    private string Differences(SampleOrigin found)
    {
        (string Name, object? Found, object? Wanted)[] parts =
        [
            ("model", found.Model, Model),
            ("bundle", found.BundleHash[..12], BundleHash[..12]),
            ("device", found.Device, Device),
            ("dtype", found.Dtype, Dtype),
            ("seed", found.Seed, Seed),
            ("coarse sampling", found.Coarse, Coarse),
            ("fine sampling", found.Fine, Fine),
            ("sampler", found.Sampler, Sampler),
        ];
        return string.Join("; ", parts.Where(part => !Equals(part.Found, part.Wanted)).Select(part => $"{part.Name} {part.Found}, not {part.Wanted}"));
    }

    private static SampleOrigin? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<SampleOrigin>(File.ReadAllText(path), BundleJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
