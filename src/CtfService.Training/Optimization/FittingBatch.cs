using CtfService.Model.Layers;
using CtfService.Model.Memory;
using static TorchSharp.torch;

namespace CtfService.Training.Optimization;

/// <summary>Finds out, after a step that did not fit into memory, how many images at a time would fit: by trying half as many, until a pass succeeds.</summary>
internal static class FittingBatch
{
    /// <summary>Returns the exception that tells the user which batch would fit. Nothing is trained; gradients may change.</summary>
    /// <param name="step">The step that failed.</param>
    /// <param name="cause">What the device reported.</param>
    public static StepMemoryException Explain(TrainingOptions options, ITrainingTask task, long step, Exception cause)
    {
        var atOnce = BatchPart.Split(options.BatchSize, options.Accumulate).Max(part => part.Count);
        var failed = FormattableString.Invariant(
            $"{Device(options)} has too little memory for step {step + 1} with {atOnce} images at a time ({FirstLine(cause.Message)}).");
        return new StepMemoryException($"{failed} {Remedy(options, Largest(options, task, step, atOnce))}");
    }

    private static string Remedy(TrainingOptions options, int? fitting)
    {
        if (fitting is not { } count)
        {
            return "Not even one image fits: use a smaller model or smaller images, --dtype bfloat16, or a device with more memory.";
        }

        var parts = (options.BatchSize + count - 1) / count;
        return $"{count} at a time fit: add --accumulate {parts}, which trains the same batch in parts, or use --batch {count}. "
            + "If the run has a checkpoint, add --resume.";
    }

    /// <summary>Returns the largest power-of-two fraction of the images that fits; null if one image does not.</summary>
    private static int? Largest(TrainingOptions options, ITrainingTask task, long step, int failed)
    {
        for (var count = failed / 2; count > 0; count /= 2)
        {
            if (Fits(options, task, step, new BatchPart(0, count, options.BatchSize)))
            {
                return count;
            }
        }

        return null;
    }

    private static bool Fits(TrainingOptions options, ITrainingTask task, long step, BatchPart part)
    {
        try
        {
            using var scope = NewDisposeScope();
            task.Load(step);
            StepLoss loss;
            using (new Autocast(options.ComputeType))
            {
                loss = task.Forward(step, part);
            }

            loss.Total.backward();
            _ = loss.Total.item<float>(); // waits for the device, which reports some failures late
            return true;
        }
        catch (Exception error) when (MemoryFault.Is(error))
        {
            return false;
        }
    }

    private static string Device(TrainingOptions options) =>
        options.Device.type == TorchSharp.DeviceType.CPU ? "The machine" : $"The device {options.Device}";

    private static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd('.', ' ', '\r');
}
