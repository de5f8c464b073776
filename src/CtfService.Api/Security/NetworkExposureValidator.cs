using CtfService.Api.Hosting;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Security;

/// <summary>Refuses to expose the service to a network without API keys or an explicit <c>AllowAnonymous</c>.</summary>
internal sealed class NetworkExposureValidator(IConfiguration configuration) : IValidateOptions<SecurityOptions>
{
    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        if (options.ApiKeys.Count > 0 || options.AllowAnonymous)
        {
            return ValidateOptionsResult.Success;
        }

        var problems = ListenAddress.Read(configuration).Where(address => address.IsReadable && !address.IsLocal).Select(Message).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static string Message(ListenAddress address) =>
        $"{address.Setting} is '{address.Url}', which other machines can reach, and Security:ApiKeys is empty; "
        + "expected a key or an address that only this machine can reach. "
        + "Add a key (`ctf api-key` creates one and prints the settings), or listen on http://localhost:5080, "
        + "or set Security:AllowAnonymous to true (environment variable Security__AllowAnonymous) if everyone who can connect may call.";
}
