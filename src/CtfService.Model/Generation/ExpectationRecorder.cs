using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Bundles;
using CtfService.Model.Cpu.Vectors;
using CtfService.Model.Loading;
using CtfService.Model.Storage;
using static TorchSharp.torch;

namespace CtfService.Model.Generation;

/// <summary>Draws the warm-up image of a bundle in every element type of our CPU engine, and records it in the manifest.</summary>
public static class ExpectationRecorder
{
    /// <summary>Bytes of weight files up to which it takes seconds, so that commands that write a bundle do it by themselves.</summary>
    public const long QuickBytes = 256L << 20;

    private static readonly ModelDtype[] Dtypes = [ModelDtype.Float32, ModelDtype.BFloat16, ModelDtype.Int8];

    /// <summary>True if recording takes seconds.</summary>
    public static bool IsQuick(Bundle bundle) => bundle.Manifest.Files.Sum(file => file.Bytes) <= QuickBytes;

    /// <summary>
    /// Draws one image for each element type, then replaces the manifest atomically. The bundle's hash and its weight files stay as they are.
    /// </summary>
    /// <exception cref="CheckpointException">The bundle is damaged, or was replaced meanwhile; nothing was recorded.</exception>
    /// <exception cref="OutOfDeviceMemoryException">The model does not fit in memory.</exception>
    public static Bundle Record(Bundle bundle, CancellationToken cancellation)
    {
        var path = Path.Combine(bundle.Directory, BundleFiles.Manifest);
        var images = Dtypes.Select(dtype => Draw(bundle, dtype, cancellation));
        var expectation = new BundleExpectation { Software = ImageProvenance.ThisSoftware, Bundle = bundle.Hash, Images = [.. images] };
        if (BundleReader.Open(bundle.Directory, cancellation).Hash != bundle.Hash)
        {
            throw new CheckpointException($"{path}: was replaced while its warm-up image was drawn. Nothing was recorded. Run the command again.");
        }

        AtomicFile.WriteBytes(path, ManifestText.With(File.ReadAllBytes(path), expectation));
        return BundleReader.Open(bundle.Directory, cancellation);
    }

    private static RecordedImage Draw(Bundle bundle, ModelDtype dtype, CancellationToken cancellation)
    {
        ModelPlacement Placement() => new(CPU, dtype) { Width = VectorWidths.Widest }; // named, so that our engine computes all stages
        var factory = new CtfImageGeneratorFactory(bundle.Directory, Placement, rows: 2) { MaxWindow = 1 };
        using var generator = factory.Load(cancellation);
        var image = generator.Generate([ExpectedImage.SpecificationOf(generator.Model)], cancellation)[0];
        return new RecordedImage(generator.Model.Dtype!, generator.Model.Arithmetic!, ExpectedImage.Of(image));
    }
}
