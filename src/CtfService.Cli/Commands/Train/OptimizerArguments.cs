using System.CommandLine;
using CtfService.Cli.Commands.Options;
using CtfService.Training.Optimization;

namespace CtfService.Cli.Commands.Train;

/// <summary>The options of AdamW, of the learning rate over the steps, and of the moving average of the weights.</summary>
internal sealed class OptimizerArguments
{
    private static readonly TrainingOptions Usual = new() { RunDirectory = "" };

    private readonly Option<Schedule> _schedule = CommandOption.Choice(
        "--schedule", "The learning rate after the warm-up: along a cosine down to 2 % of the peak, or constant:", Schedule.Cosine);

    private readonly Option<long> _warmup = CommandOption.Number(
        "--warmup", "Steps of linear warm-up.", Usual.WarmupSteps, TrainingRanges.WarmupSteps);

    private readonly Option<double> _weightDecay = CommandOption.Number(
        "--weight-decay", "AdamW's weight decay, of matrices only.", Usual.WeightDecay, TrainingRanges.Share);

    private readonly Option<double> _beta1 = CommandOption.Number(
        "--beta1", "AdamW's decay of the average of gradients.", Usual.Beta1, TrainingRanges.Beta);

    private readonly Option<double> _beta2 = CommandOption.Number(
        "--beta2", "AdamW's decay of the average of squared gradients.", Usual.Beta2, TrainingRanges.Beta);

    private readonly Option<double> _emaDecay = CommandOption.Number(
        "--ema-decay", "Decay of the moving average of the weights, which is the result.", Usual.EmaDecay, TrainingRanges.Share);

    private enum Schedule
    {
        Cosine,
        Constant,
    }

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _schedule, _warmup, _weightDecay, _beta1, _beta2, _emaDecay })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Returns the options with those of the command line.</summary>
    public TrainingOptions Apply(ParseResult arguments, TrainingOptions options) => options with
    {
        FinalLearningRateShare = arguments.GetValue(_schedule) == Schedule.Constant ? 1 : Usual.FinalLearningRateShare,
        WarmupSteps = arguments.GetValue(_warmup),
        WeightDecay = arguments.GetValue(_weightDecay),
        Beta1 = arguments.GetValue(_beta1),
        Beta2 = arguments.GetValue(_beta2),
        EmaDecay = arguments.GetValue(_emaDecay),
    };
}
