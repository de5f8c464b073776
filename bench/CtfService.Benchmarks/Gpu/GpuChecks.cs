using CtfService.Model.Loading;

namespace CtfService.Benchmarks.Gpu;

/// <summary>
/// All checks that need a GPU, in one program of some minutes: labels beside the CPU's, windows, times of steps and of training, and memory that runs short.
/// On the CPU it runs the same code with small sizes.
/// </summary>
internal static class GpuChecks
{
    private static readonly int[] Windows = [1, 4, 8, 16];

    /// <summary>Prints all results. Returns 0, or 1 if a result is wrong.</summary>
    /// <param name="isCpu">True to run on the CPU.</param>
    public static int Run(string bundle, bool isCpu)
    {
        if (!isCpu && ModelPlacement.CudaDevices == 0)
        {
            Console.Error.WriteLine("This program sees no CUDA device. Run bench/gpu/run.sh on a machine with one, or with --cpu.");
            return 2;
        }

        var device = isCpu ? "cpu" : "cuda";
        Console.WriteLine($"Device: {device}; bundle: {bundle}");
        var images = isCpu ? 4 : 96;
        var isRight = ComparesWithTheCpu(bundle, device, images);
        CompareWindows(bundle, device, images, isCpu);
        foreach (var preset in (string[])(isCpu ? ["tiny"] : ["B", "L"]))
        {
            StepTimes.Print(preset, ModelPlacement.Parse(device, isCpu ? "float32" : "bfloat16"), Windows);
        }

        isRight &= MemoryPressure.Check(ModelPlacement.Parse(device, "float32"));
        Console.WriteLine(isRight ? "All results are right." : "Some results are wrong, see above.");
        return isRight ? 0 : 1;
    }

    /// <summary>Labels of float32 differ only where two scores are equal but for rounding.</summary>
    private static bool ComparesWithTheCpu(string bundle, string device, int images)
    {
        var expected = BundleRun.Draw(bundle, ModelPlacement.Parse("cpu", "float32"), window: 1, images, rows: 16);
        var actual = BundleRun.Draw(bundle, ModelPlacement.Parse(device, "float32"), window: 1, images, rows: 16);
        var differing = actual.ImagesUnlike(expected);
        Console.WriteLine($"float32 on {device} and on the CPU: {differing} of {images} images have other labels");
        return differing <= images / 8;
    }

    /// <summary>Draws the same images with each window: how many differ from W = 1, steps of an image, and images per second, one at a time and many.</summary>
    private static void CompareWindows(string bundle, string device, int images, bool isCpu)
    {
        var placement = ModelPlacement.Parse(device, isCpu ? "float16" : "bfloat16"); // float16 is computed by libtorch on the CPU, too
        Console.WriteLine($"{placement.Dtype} on {device}, {images} images: window, steps of an image, images/s alone and with 32 rows, images unlike W = 1");
        BundleRun? single = null;
        foreach (var window in Windows)
        {
            var alone = BundleRun.Draw(bundle, placement, window, images, rows: 2);
            var many = BundleRun.Draw(bundle, placement, window, images, rows: 32);
            single ??= alone;
            Console.WriteLine(
                $"  W = {window,2}  {alone.StepsOfAnImage,5:0.0}  {alone.ImagesPerSecond,7:0.0}  {many.ImagesPerSecond,7:0.0}  {alone.ImagesUnlike(single)}");
        }
    }
}
